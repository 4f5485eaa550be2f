"""setpoint's engine in Optuna: Optuna's own tests of samplers, spaces, seeds, parallel trials."""

import math
import pickle
import warnings
from itertools import pairwise

import pytest

optuna = pytest.importorskip("optuna")

from optuna.testing import pytest_samplers  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

from setpoint.integrations.optuna import SetpointSampler  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)


class TestAsOptunaAsks(
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.SingleOnlySamplerTestCase,
):
    """The tests that Optuna runs on its own samplers."""

    @pytest.fixture
    def sampler(self):
        return SetpointSampler


def layered(trial):
    """A kernel with hyperparameters of its own, and as many sizes as there are layers."""
    kernel = trial.suggest_categorical("kernel", ["linear", "rbf", "poly"])
    value = abs(math.log10(trial.suggest_float("C", 1e-3, 1e3, log=True)) - 1)
    if kernel == "poly":
        value += 0.1 * abs(trial.suggest_int("degree", 2, 5) - 3)
    if kernel == "linear":
        value += 0.5
    else:
        value += abs(trial.suggest_float("gamma", 0.0, 1.0, step=0.1) - 0.3)
    for layer in range(trial.suggest_int("layers", 1, 3)):
        value += 0.1 + (trial.suggest_float(f"units_{layer}", 0, 1) - 0.5) ** 2
    return value


def study_of(sampler, **kwargs):
    return optuna.create_study(sampler=sampler, **kwargs)


def test_conditions_are_found_and_the_optimum():
    study = study_of(SetpointSampler(seed=0))
    study.optimize(layered, n_trials=60)
    assert study.best_value < 0.25
    best = study.best_params
    assert (best["kernel"] in ("rbf", "poly"), best["layers"]) == (True, 1)
    space = study.sampler.infer_relative_search_space(study, study.trials[-1])
    assert set(space) == {
        "kernel", "C", "degree", "gamma", "layers", "units_0", "units_1", "units_2",
    }  # fmt: skip


def test_better_than_random_on_a_bowl():
    def bowl(trial):
        return sum((trial.suggest_float(f"x{j}", -5, 5) - j) ** 2 for j in range(3))

    ours, random = (
        [study_of(sampler(seed=seed)) for seed in range(3)]
        for sampler in (SetpointSampler, optuna.samplers.RandomSampler)
    )
    for study in ours + random:
        study.optimize(bowl, n_trials=25)
    assert max(study.best_value for study in ours) < min(study.best_value for study in random)


def test_maximizing():
    study = study_of(SetpointSampler(seed=0), direction="maximize")
    study.optimize(lambda trial: -((trial.suggest_float("x", 0, 1) - 0.3) ** 2), n_trials=20)
    assert abs(study.best_params["x"] - 0.3) < 0.01


def test_seeds():
    values = []
    for seed in (1, 1, 2):
        study = study_of(SetpointSampler(seed=seed))
        study.optimize(layered, n_trials=15)
        values.append([trial.params for trial in study.trials])
    assert values[0] == values[1] != values[2]


def test_values_are_those_that_optuna_takes():
    def objective(trial):
        log = trial.suggest_float("log", 1e-6, 1e-1, log=True)
        step = trial.suggest_float("step", 0.0, 1.0, step=0.1)
        even = trial.suggest_int("even", 2, 20, step=2)
        power = trial.suggest_int("power", 1, 1000, log=True)
        choice = trial.suggest_categorical("choice", [None, True, 1.5, "a"])
        assert (type(log), type(even), type(power)) == (float, int, int)
        assert even % 2 == 0
        assert step == pytest.approx(round(step, 1))
        return log + step + even + power + (choice is not None)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = study_of(SetpointSampler(seed=0))
        study.optimize(objective, n_trials=30)
    assert study.best_params["choice"] is None


def test_a_finite_space_is_gone_through_without_repeats():
    def objective(trial):
        return trial.suggest_categorical("a", "xyz") == "y", trial.suggest_int("b", 1, 4)

    study = study_of(SetpointSampler(seed=0))
    study.optimize(lambda trial: float(sum(objective(trial))), n_trials=12)
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 12
    study.optimize(lambda trial: float(sum(objective(trial))), n_trials=2)  # nothing new is left


def test_trials_at_the_same_time_differ():
    study = study_of(SetpointSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=10)
    waiting = [study.ask() for _ in range(4)]
    asked = sorted(trial.suggest_float("x", 0, 1) for trial in waiting)
    assert all(right - left > 1e-6 for left, right in pairwise(asked))
    for trial in waiting:
        study.tell(trial, 1.0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=6, n_jobs=2)
    assert len(study.trials) == 20


def test_failed_and_pruned_trials():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if x > 0.7:
            return math.nan
        trial.report(x, 0)
        if x > 0.5:
            raise optuna.TrialPruned
        return (x - 0.2) ** 2

    study = study_of(SetpointSampler(seed=0))
    study.optimize(objective, n_trials=30)
    assert study.best_value < 1e-4
    last = [trial.state for trial in study.trials[15:]]
    assert last.count(TrialState.COMPLETE) >= 12


def test_ranges_that_change_are_drawn_at_random():
    study = study_of(SetpointSampler(seed=0))
    study.optimize(
        lambda trial: (
            trial.suggest_float("x", 0, 1 + trial.number) + trial.suggest_float("y", 0, 1)
        ),
        n_trials=8,
    )
    assert set(study.sampler.infer_relative_search_space(study, study.trials[-1])) == {"y"}


def test_a_sampler_can_be_kept_and_serve_another_study():
    sampler = SetpointSampler(seed=0)
    first = study_of(sampler)
    first.optimize(layered, n_trials=8)
    again = pickle.loads(pickle.dumps(sampler))
    for one in (sampler, again):
        other = study_of(one)
        other.optimize(lambda trial: trial.suggest_float("C", 0, 1), n_trials=8)
        assert all(0 <= trial.params["C"] <= 1 for trial in other.trials)


def test_what_it_is_not_for():
    study = optuna.create_study(sampler=SetpointSampler(), directions=["minimize", "minimize"])
    with pytest.raises(ValueError, match="one objective; the study has 2"):
        study.ask().suggest_float("x", 0, 1)
    with pytest.raises(ValueError, match="n_startup_trials must be at least 1, got 0"):
        SetpointSampler(n_startup_trials=0)
