"""`minimize`, `maximize` and `Tuner` on functions that know nothing of models."""

import math
import sqlite3
import time

import numpy as np
import pytest

from setpoint import NONE, Choice, Integer, Real, Space, Tuner, maximize, minimize

SPACE = Space(
    {
        "x": Real(-5.0, 10.0),
        "rate": Real(1e-4, 1.0, log=True),
        "kind": Choice("good", "bad"),
        "n": Integer(1, 12),
        "depth": Integer(1, 5) | NONE,
    },
    when={"depth": {"kind": "bad"}},
)


def bowl(params):
    value = ((params["x"] - 2) / 15) ** 2 + (math.log10(params["rate"]) + 2) ** 2 / 16
    value += ((params["n"] - 7) / 12) ** 2
    if params["kind"] == "bad":
        value += 0.2 + (params["depth"] or 0) / 10
    return value


def branin(params):
    x, y = params["x"], params["y"]
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def test_better_than_the_centre_and_than_chance():
    centre = {"x": 2.5, "rate": 1e-2, "kind": "bad", "n": 6, "depth": 3}
    for seed in range(3):
        found = minimize(bowl, SPACE, n_trials=40, random_state=seed)
        assert found.best_value < 0.01 < bowl(centre)


def test_branin():
    space = {"x": Real(-5, 10), "y": Real(0, 15)}
    found = [minimize(branin, space, n_trials=40, random_state=seed) for seed in range(5)]
    assert np.median([result.best_value for result in found]) < 0.397887 + 0.01


def test_points_are_candidates_of_the_space():
    found = minimize(bowl, SPACE, n_trials=30, random_state=0)
    assert [trial.number for trial in found.trials] == list(range(30))
    seen = set()
    for trial in found.trials:
        point = SPACE.encode(trial.params)
        assert SPACE.decode(point) == trial.params
        assert {type(value) for value in trial.params.values()} <= {int, float, str, type(None)}
        assert trial.value == bowl(trial.params) and trial.error is None and trial.seconds >= 0
        seen.add(point.tobytes())
    assert len(seen) == 30
    assert found.best_value == min(trial.value for trial in found.trials) == bowl(found.best_params)


def test_maximize_is_minimize_turned_over():
    one = minimize(bowl, SPACE, n_trials=20, random_state=3)
    other = maximize(lambda params: -bowl(params), SPACE, n_trials=20, random_state=3)
    assert [t.params for t in one.trials] == [t.params for t in other.trials]
    assert other.best_value == -one.best_value


def test_seeds():
    one, same, other = (
        [t.params for t in minimize(bowl, SPACE, n_trials=15, random_state=seed).trials]
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_a_finite_space_is_exhausted_without_repetition():
    space = {"a": Choice("x", "y", "z"), "b": Integer(1, 4)}
    found = minimize(lambda p: p["b"] + "zyx".index(p["a"]), space, n_trials=50, random_state=0)
    assert len(found.trials) == len({tuple(t.params.values()) for t in found.trials}) == 12
    assert found.best_params == {"a": "z", "b": 1}


def test_failures_are_recorded_and_the_search_goes_on():
    def fragile(params):
        if params["x"] > 5:
            raise ArithmeticError("too far")
        return math.nan if params["x"] < -4 else (params["x"] - 1) ** 2

    found = minimize(fragile, {"x": Real(-5, 10)}, n_trials=30, random_state=0)
    assert found.best_value < 1e-2
    errors = {trial.error for trial in found.trials if math.isnan(trial.value)}
    assert errors <= {"ArithmeticError: too far", "the value is nan"}
    assert "ArithmeticError: too far" in errors
    assert sum(trial.error is None for trial in found.trials) > 15


def test_nothing_but_failures_is_an_error():
    def broken(params):
        raise KeyError("weights")

    with pytest.raises(
        RuntimeError, match="All 6 evaluations failed; the first: KeyError"
    ) as caught:
        minimize(broken, {"x": Real(0, 1)}, n_trials=6)
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(RuntimeError, match="the value is inf"):
        minimize(lambda params: math.inf, {"x": Real(0, 1)}, n_trials=3)


def test_ctrl_c_is_no_failure():
    def interrupted(params):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimize(interrupted, {"x": Real(0, 1)}, n_trials=3)


def test_time_limit():
    def slow(params):
        time.sleep(0.05)
        return params["x"]

    start = time.perf_counter()
    found = minimize(slow, {"x": Real(0, 1)}, n_trials=1000, time_limit=0.4)
    assert 1 <= len(found.trials) < 20
    assert time.perf_counter() - start < 2


def test_start():
    begin = {"x": 1.0, "rate": 0.5, "kind": "good", "n": 3}
    found = minimize(bowl, SPACE, n_trials=10, start=begin, random_state=0)
    assert found.trials[0].params == begin
    assert len(found.trials) == 10
    with pytest.raises(ValueError, match="20 is not an int"):
        minimize(bowl, SPACE, start=begin | {"n": 20})


def test_constraints_hold():
    space = Space(
        {"x": Real(0, 1), "y": Real(0, 1)}, constraints=[lambda p: p["x"] + p["y"] <= 1.0]
    )
    found = maximize(lambda p: p["x"] + 2 * p["y"], space, n_trials=30, random_state=0)
    assert all(t.params["x"] + t.params["y"] <= 1.0 for t in found.trials)
    assert found.best_value > 1.8


@pytest.mark.parametrize(
    "settings", [{"n_trials": 0}, {"n_trials": 2.5}, {"time_limit": 0}, {"time_limit": -1.0}]
)
def test_illegal_arguments(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        minimize(bowl, SPACE, **settings)


def test_ask_and_tell():
    tuner = Tuner(SPACE, direction="maximize", random_state=0)
    for _ in range(30):
        params = tuner.ask()
        tuner.tell(params, -bowl(params))
    assert tuner.best_value > -0.02
    assert tuner.best_value == -bowl(tuner.best_params)


def test_several_points_may_be_out_at_a_time():
    tuner = Tuner({"x": Real(0, 1)}, n_initial_points=2, random_state=0)
    for _ in range(2):
        params = tuner.ask()
        tuner.tell(params, params["x"])
    out = [tuner.ask()["x"] for _ in range(5)]
    assert len(set(out)) == 5
    assert min(np.diff(sorted(out))) > 1e-4
    for x in reversed(out):
        tuner.tell({"x": x}, x)
    assert 0 <= tuner.ask()["x"] <= 1


def test_points_that_were_not_asked_for_may_be_told():
    tuner = Tuner({"x": Real(0, 1)}, random_state=0)
    for x in (0.1, 0.5, 0.9, 0.7):
        tuner.tell({"x": x}, (x - 0.6) ** 2)
    tuner.tell({"x": 0.3}, math.nan)
    assert tuner.best_params == {"x": 0.5}
    assert 0.4 < tuner.ask()["x"] < 0.8
    with pytest.raises(ValueError, match=r"2\.0 is not a float in \[0, 1\]"):
        tuner.tell({"x": 2.0}, 1.0)


def test_asking_for_more_than_there_is():
    tuner = Tuner({"a": [1, 2, 3]}, random_state=0)
    assert sorted(tuner.ask()["a"] for _ in range(3)) == [1, 2, 3]
    with pytest.raises(RuntimeError, match="all points"):
        tuner.ask()


def test_direction():
    with pytest.raises(ValueError, match="direction must be"):
        Tuner({"x": Real(0, 1)}, direction="down")


@pytest.mark.parametrize("n", [0, -3, 2.5, "many"])
def test_illegal_numbers_of_initial_points(n):
    with pytest.raises(ValueError, match="n_initial_points must be a whole number"):
        Tuner(SPACE, n_initial_points=n)


def test_a_tuner_closes_its_journal(tmp_path):
    path = tmp_path / "loop.db"
    with Tuner(SPACE, random_state=0, journal=path) as tuner:
        params = tuner.ask()
        tuner.tell(params, 1.0)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        tuner.tell(params, 1.0)
    again = Tuner(SPACE, random_state=0, journal=path)
    assert again.best_value == 1.0
    again.close()
    again.close()
    Tuner(SPACE).close()
