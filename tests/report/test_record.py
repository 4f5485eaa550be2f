"""What plots and page say: axes, importance, verdicts, curves. No drawing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import setpoint
from contracts.cases import continuous
from setpoint.report.axis import ABSENT, Axis
from setpoint.report.curves import best_so_far, first_row_of_best, validation
from setpoint.report.importance import importance
from setpoint.report.record import Record
from setpoint.report.verdict import edges, is_less, sides, verdict

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["a", "b", "sqrt"]),
    st.integers(-5, 2000),
    st.floats(1e-6, 1e6),
)


def record(params, folds, training=None, **more):
    given = {
        "metric": "accuracy",
        "sign": 1.0,
        "params": params,
        "folds": np.asarray(folds, dtype=float),
        "training": None if training is None else np.asarray(training, dtype=float),
        "seconds": np.ones(len(params)),
        "rounds": None,
        "resources": None,
        "resource": "",
        "best": int(np.nanargmax(np.mean(folds, axis=1))),
    }
    return Record(**(given | more))


def table(function, **grid):
    """A full grid and the scores of a function of it, the same on two folds."""
    names = list(grid)
    mesh = np.meshgrid(*[np.arange(len(v)) for v in grid.values()], indexing="ij")
    places = np.stack(mesh, axis=-1).reshape(-1, len(names))
    params = [{n: grid[n][k] for n, k in zip(names, row, strict=True)} for row in places]
    scores = [function(**candidate) for candidate in params]
    return record(params, np.column_stack([scores, scores]))


@given(st.lists(VALUES, min_size=1, max_size=30))
def test_axes_keep_the_order_of_numbers(values):
    axis = Axis.of("x", [{"x": value} for value in values])
    places = axis.coordinates
    low, high = axis.limits
    assert np.isfinite(places).all() and (places > low).all() and (places < high).all()
    for one, at_one in zip(values, places, strict=True):
        for other, at_other in zip(values, places, strict=True):
            numbers = [type(v) in (int, float) for v in (one, other)]
            if all(numbers):
                assert one > other or at_one <= at_other
            elif numbers[0]:
                assert at_one < at_other
    ticks, labels = axis.ticks
    assert len(ticks) == len(labels) and len(set(ticks)) == len(ticks)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=60, unique=True))
def test_coordinates_and_values_are_inverse(values):
    axis = Axis.of("x", [{"x": value} for value in values])
    for value, place in zip(values, axis.coordinates, strict=True):
        assert axis.value(place) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_what_a_candidate_does_not_name_stands_apart():
    axis = Axis.of("x", [{"x": 1}, {}, {"x": 2}, {"x": None}])
    assert axis.values[1] is ABSENT
    assert axis.ticks[1] == ["1", "2", "None", "not set"]


def test_zero_stands_before_the_logarithms():
    axis = Axis.of("x", [{"x": value} for value in (1e-6, 0, 1e-1, 1e-3, None)])
    assert axis.log and axis.has_zero and axis.numbers == (1e-6, 1e-3, 1e-1)
    zero, low, middle, high, none = (axis.place(v) for v in (0, 1e-6, 1e-3, 1e-1, None))
    assert zero < low == 0.0 < middle < high == 1.0 < none
    assert axis.among(axis.coordinates).tolist() == [True, False, True, True, False]
    assert axis.ticks[1].count("0") == 1
    linear = Axis.of("x", [{"x": value} for value in (0, 1, 2, 3)])
    assert not linear.log and not linear.has_zero and linear.place(0) == 0.0


def test_a_zero_is_a_cell_of_its_own():
    found = table(lambda x, z: float(x == 0) + 0 * z, x=[0, 1e-6, 1e-4, 1e-2, None], z=[1, 2, 3])
    where, mean, _ = importance(found).curve("x")
    assert (np.diff(where) > 0).all()
    assert mean[0] > 0.8 and mean[1:].max() < 0.2


def test_zero_is_below_the_lowest_number():
    grid = {"alpha": [0.0, 1e-4, 1e-2, 1.0]}
    best = table(lambda alpha: -abs(alpha - 1e-4), **grid)
    assert edges(best) == []


def test_importance_is_that_of_the_function():
    found = importance(
        table(lambda a, b, c: 10 * a + b + (c == "z"), a=[1, 2, 3], b=[1, 2], c=["x", "y"])
    )
    assert [found.names[i] for i in found.order] == ["a", "b", "c"]
    assert found.alone[0] > 0.9
    assert found.alone[2] < 0.01
    assert 0.9 < found.alone.sum() + np.triu(found.pairs).sum() <= 1 + 1e-12


def test_interaction_without_effects():
    found = importance(
        table(lambda a, b: float((a > 2) == (b > 2)), a=[1, 2, 3, 4], b=[1, 2, 3, 4])
    )
    (a, b, share), *_ = found.strongest_pairs()
    assert {a, b} == {"a", "b"} and share > 0.6


def test_a_curve_is_the_mean_over_the_others():
    found = importance(table(lambda a, b: a + 2 * b, a=[0, 1, 2, 3], b=[0, 1, 2, 3]))
    where, mean, deviation = found.curve("b")
    assert np.all(np.diff(where) > 0) and np.all(np.diff(mean) > 0) and (deviation >= 0).all()
    x, y, field = found.surface("a", "b")
    assert field.shape == (len(x), len(y)) == (4, 4)
    np.testing.assert_allclose(field.mean(axis=0), mean, rtol=1e-9)


@given(st.lists(VALUES, min_size=2, max_size=60), st.integers(0, 99))
def test_importance_of_anything_is_a_share(values, seed):
    scores = np.random.default_rng(seed).normal(size=len(values))
    params = [{"x": v, **({"y": i % 3} if i % 4 else {})} for i, v in enumerate(values)]
    known = record(params, np.column_stack([scores, scores]))
    found = importance(known)
    shares = [*found.alone, *found.pairs.ravel()]
    assert all(-1e-12 <= share <= 1 + 1e-9 for share in shares)
    for cells in found.cells:
        assert math.isclose(cells.weights.sum(), 1.0) and (cells.weights > 0).all()
        assert cells.of.min() >= 0 and cells.of.max() < len(cells.weights)


@pytest.mark.parametrize(
    ("columns", "cells", "scores", "part"),
    [
        ([([1.0], True)], [[0, 0]], [1.0], "shape"),
        ([([1.0], True)], [[1]], [1.0], "cell 1"),
        ([([0.0], True)], [[0]], [1.0], "weights"),
        ([([1.0], True)], [[0]], [np.nan], "finite"),
        ([([1.0] * 65, True)], [[0]], [1.0], "65 cells"),
    ],
)
def test_the_core_refuses(columns, cells, scores, part):
    with pytest.raises(ValueError, match=part):
        setpoint._core.Anova(
            columns, np.array(cells), np.array(scores), n_trees=4, seed=0, n_threads=1
        )


def test_the_core_knows_its_columns():
    anova = setpoint._core.Anova(
        [([1.0, 1.0], True)] * 2,
        np.array([[0, 1], [1, 0]]),
        np.array([0.0, 1.0]),
        n_trees=4,
        seed=0,
        n_threads=1,
    )
    with pytest.raises(IndexError, match="column 2"):
        anova.curve(2)
    with pytest.raises(ValueError, match="twice"):
        anova.surface(1, 1)


NOISE = np.array([[0.0, 0.01, 0.02], [0.01, 0.02, 0.01], [0.0, 0.02, 0.015]])


@pytest.mark.parametrize(
    ("held_out", "training", "headline"),
    [
        ([0.6, 0.8, 0.7], [0.62, 0.9, 1.0], "Balanced"),
        ([0.6, 0.7, 0.8], [0.62, 0.72, 0.82], "Rather underfits"),
        ([0.6, 0.7, 0.8], [0.7, 0.8, [1.0] * 3], "No overfitting seen"),
        ([0.8, 0.7, 0.6], [0.85, 0.95, 1.0], "Rather overfits"),
        ([0.8, 0.8, 0.8], [0.85, 0.85, 0.85], "No clear difference"),
    ],
)
def test_verdicts(held_out, training, headline):
    params = [{"x": i} for i in range(3)]
    spread = NOISE / 10
    folds = np.array(held_out)[:, None] + spread
    train = np.array(
        [s if isinstance(s, list) else s + e for s, e in zip(training, spread, strict=True)]
    )
    assert verdict(record(params, folds, train)).headline == headline
    unknown = verdict(record(params, folds))
    assert unknown.headline == "Not known" and "return_train_score=True" in unknown.reasons


def test_sides_of_a_validation_curve():
    training = np.array([0.62, 0.9, 1.0])[:, None] + NOISE / 10
    folds = np.array([0.6, 0.8, 0.7])[:, None] + NOISE / 10
    known = record([{"x": i} for i in range(3)], folds, training)
    left, right = sides(validation(known, "x"))
    assert (left.does, right.does) == ("underfits", "overfits")
    assert left.last < right.first


def test_folds_decide_what_counts_as_less():
    assert is_less(np.array([0.5, 0.6, 0.7]), np.array([0.55, 0.66, 0.74]))
    assert not is_less(np.array([0.5, 0.6, 0.7]), np.array([0.9, 0.3, 0.75]))
    assert not is_less(np.array([0.5, 0.6]), np.array([0.5, 0.6]))


def test_edges_know_what_is_legal():
    X, y = continuous("classification")
    grid = {"max_depth": [1, 2, 3], "min_samples_leaf": [1, 30, 40]}
    search = setpoint.GridSearchCV(setpoint.RandomForestClassifier(20, random_state=0), grid, cv=3)
    search.fit(X, y)
    assert search.best_params_ == {"max_depth": 3, "min_samples_leaf": 1}
    assert edges(Record.of_search(search)) == ["max_depth = 3 is the highest value tried"]


def test_a_record_is_the_table_of_the_search():
    X, y = continuous("classification")
    search = setpoint.GridSearchCV(
        LogisticRegression(), {"C": [0.1, 1.0]}, cv=3, scoring=["accuracy", "f1_macro"],
        refit="f1_macro", return_train_score=True,
    ).fit(X, y)  # fmt: skip
    known = Record.of_search(search)
    assert known.metric == "f1_macro" and known.best == search.best_index_
    np.testing.assert_array_equal(known.scores, search.cv_results_["mean_test_f1_macro"])
    np.testing.assert_array_equal(known.training_scores, search.cv_results_["mean_train_f1_macro"])


def test_rounds_begin_anew():
    X, y = continuous("classification")
    search = setpoint.HalvingGridSearchCV(
        setpoint.SVC(), {"C": [0.1, 1, 10, 100]}, cv=3, factor=2, random_state=0
    ).fit(X, y)
    known = Record.of_search(search)
    best = best_so_far(known)
    for number in np.unique(known.rounds):
        rows = known.rounds == number
        np.testing.assert_array_equal(best[rows], np.maximum.accumulate(known.scores[rows]))
    assert set(known.comparable) == set(np.flatnonzero(known.rounds == 0))
    first = first_row_of_best(known)
    assert known.rounds[first] == 0 and known.params[first]["C"] == search.best_params_["C"]


def test_smaller_is_better_for_an_optimum():
    space = {"x": setpoint.Real(-5, 5)}
    low = Record.of_optimum(setpoint.minimize(lambda p: p["x"] ** 2, space, n_trials=8))
    high = Record.of_optimum(setpoint.maximize(lambda p: -(p["x"] ** 2), space, n_trials=8))
    assert (low.sign, high.sign) == (-1.0, 1.0)
    assert np.nanargmax(low.worth) == low.best and np.nanargmax(high.worth) == high.best
    np.testing.assert_array_equal(best_so_far(low), np.minimum.accumulate(low.scores))
