"""What our searches have beyond scikit-learn's: what sharing saved, time limits, progress, Ctrl-C.

And the loop by itself, with a tuner and a function that know nothing of models.
"""

import _thread
import signal
import threading
import time

import numpy as np
import pytest
import tqdm.auto
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.tree import DecisionTreeClassifier

from contracts.cases import every_tuner
from setpoint import GridSearchCV, RandomForestClassifier, RandomForestRegressor
from setpoint.tuning import TUNERS, TimeLimitWarning
from setpoint.tuning.data_facts import DataFacts
from setpoint.tuning.search import Clock, Progress, run

X, Y = make_classification(90, 5, n_informative=3, n_classes=3, random_state=0)
GRID = {"n_estimators": [2, 3, 5], "max_depth": [1, 2]}


class Slow(ClassifierMixin, BaseEstimator):
    """Takes its time, and is better the later in the grid it comes."""

    def __init__(self, seconds=0.0, right=0):
        self.seconds = seconds
        self.right = right

    def fit(self, X, y):
        time.sleep(self.seconds)
        self.classes_ = np.unique(y)
        self.answer_ = self.classes_[self.right]
        return self

    def predict(self, X):
        return np.full(len(X), self.answer_)


def test_one_model_a_fold_serves_every_number_of_trees():
    grid = {"n_estimators": [2, 3, 5]}
    search = GridSearchCV(RandomForestClassifier(random_state=0), grid, cv=4).fit(X, Y)
    assert (search.n_candidates_, search.n_fits_, search.skipped_) == (3, 4, [])
    assert search.sharing_ == "12 candidate fits scored from 4 trained models"


def test_models_of_the_ordinary_way_are_counted_as_what_they_are():
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=3).fit(X, Y)
    assert search.n_fits_ == 6
    assert search.sharing_ == "6 candidate fits scored from 6 trained models"


def test_one_seed_is_drawn_for_all_candidates():
    np.random.seed(0)
    grid = {"min_samples_split": [2, 2, 2]}
    search = GridSearchCV(RandomForestClassifier(4), grid, cv=3).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 1
    assert search.best_estimator_.random_state is None
    np.random.seed(0)
    again = GridSearchCV(RandomForestClassifier(4), grid, cv=3).fit(X, Y)
    other = GridSearchCV(RandomForestClassifier(4), grid, cv=3).fit(X, Y)
    scores = [list(s.cv_results_["split0_test_score"]) for s in (search, again, other)]
    splits = [[s.cv_results_[f"split{k}_test_score"][0] for k in range(3)] for s in (again, other)]
    assert scores[0] == scores[1]
    assert splits[0] != splits[1]
    np.testing.assert_array_equal(search.predict_proba(X), again.predict_proba(X))


def test_a_search_that_needs_no_seed_leaves_the_global_generator_alone():
    np.random.seed(1)
    GridSearchCV(RandomForestClassifier(2, random_state=0), GRID, cv=3).fit(X, Y)
    after = np.random.randint(10**9)
    np.random.seed(1)
    assert after == np.random.randint(10**9)


def test_threads_do_not_change_the_scores():
    scores = [
        GridSearchCV(RandomForestClassifier(random_state=0), GRID, n_jobs=n_jobs, cv=3)
        .fit(X, Y)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2, None)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


def test_a_subclass_with_its_own_fit_is_not_swept():
    class Half(RandomForestRegressor):
        def fit(self, X, y):
            return super().fit(X[::2], y[::2])

    search = GridSearchCV(Half(random_state=0), {"n_estimators": [2, 3]}, cv=3)
    assert search.fit(X, X[:, 0]).n_fits_ == 6


def test_the_estimator_and_the_grid_are_left_alone():
    estimator = RandomForestClassifier(random_state=None)
    before = clone(estimator).get_params()
    grid = {name: list(values) for name, values in GRID.items()}
    GridSearchCV(estimator, grid, cv=3).fit(X, Y)
    assert estimator.get_params() == before
    assert not hasattr(estimator, "classes_")
    assert grid == GRID


def test_time_limit_of_the_ordinary_way_keeps_the_best_so_far():
    grid = [{"right": [0, 1]}, {"seconds": [0.3], "right": [2, 1, 0]}]
    search = GridSearchCV(Slow(), grid, cv=2, time_limit=0.2)
    with pytest.warns(TimeLimitWarning, match=r"time_limit=0.2 s .* 3 of 5 candidates") as caught:
        search.fit(X, Y)
    assert [warning.filename for warning in caught] == [__file__]
    assert search.skipped_ == search.cv_results_["params"][2:]
    means = search.cv_results_["mean_test_score"]
    assert np.isfinite(means[:2]).all() and np.isnan(means[2:]).all()
    assert np.isfinite(search.cv_results_["split0_test_score"][2])
    assert search.best_index_ < 2
    assert search.best_score_ == means[:2].max()
    assert search.n_fits_ == 5
    assert search.refit_time_ >= 0


@every_tuner
def test_a_time_limit_that_is_over_at_once(tuner):
    search = tuner(RandomForestClassifier(3), {"max_depth": [1, 2, 3]}, time_limit=1e-9)
    with pytest.raises(TimeoutError, match="time_limit=1e-09 s ended before"):
        search.fit(X, Y)


def test_time_limit_of_a_sweep_leaves_candidates_out():
    rows = make_classification(4000, 20, n_informative=10, random_state=0)
    grid = {"n_estimators": [1], "max_depth": [1]}
    more = {"n_estimators": [5000], "min_samples_split": [2, 3, 4]}
    search = GridSearchCV(
        RandomForestClassifier(random_state=0), [grid, more], cv=2, time_limit=0.5, refit=False
    )
    start = time.perf_counter()
    with pytest.warns(TimeLimitWarning):
        search.fit(*rows)
    assert time.perf_counter() - start < 3
    assert search.best_index_ == 0
    assert {"n_estimators": 5000, "min_samples_split": 4} in search.skipped_


def test_a_training_that_takes_too_long_is_a_failed_fit():
    rows = make_classification(1000, 10, n_informative=5, random_state=0)
    forest = RandomForestClassifier(2, random_state=0)
    grid = {"n_estimators": [2, 1_000_000], "max_features": [2, 3]}
    search = GridSearchCV(forest, grid, cv=2, fit_time_limit=0.5)
    start = time.perf_counter()
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.warns(FitFailedWarning, match="longer than fit_time_limit=0.5 s") as caught,
    ):
        search.fit(*rows)
    assert time.perf_counter() - start < 60
    assert "4 fits failed out of a total of 8" in str(caught[0].message)
    small = [params["n_estimators"] == 2 for params in search.cv_results_["params"]]
    means = search.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(np.isfinite(means), small)
    free = GridSearchCV(forest, {"max_features": [2, 3]}, cv=2).fit(*rows)
    np.testing.assert_array_equal(means[small], free.cv_results_["mean_test_score"])
    assert search.skipped_ == []


def test_a_training_that_takes_too_long_may_be_an_error():
    rows = make_classification(1000, 10, n_informative=5, random_state=0)
    forest = RandomForestClassifier(1_000_000, random_state=0)
    search = GridSearchCV(forest, {"max_features": [2]}, cv=2, fit_time_limit=0.2)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(*rows)
    search.set_params(error_score="raise")
    with pytest.raises(TimeoutError, match=r"longer than fit_time_limit=0\.2 s"):
        search.fit(*rows)


def test_time_limit_before_anything_is_done_is_an_error():
    search = GridSearchCV(Slow(), {"seconds": [0.2, 0.3]}, cv=2, time_limit=0.1)
    with pytest.raises(TimeoutError, match=r"time_limit=0.1 s ended before any of 2 candidates"):
        search.fit(X, Y)
    assert not hasattr(search, "cv_results_")


def test_a_fit_that_fails_leaves_an_earlier_one_as_it_was():
    search = GridSearchCV(RandomForestClassifier(random_state=0), GRID, cv=3).fit(X, Y)
    before = search.predict(X)
    search.set_params(param_grid={"max_depth": [-1]})
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        search.fit(X, Y)
    np.testing.assert_array_equal(search.predict(X), before)
    assert set(search.best_params_) == set(GRID)


@pytest.mark.parametrize("kind", TUNERS.values(), ids=TUNERS)
@pytest.mark.filterwarnings("ignore:The space holds")
def test_a_fit_that_fails_changes_no_attribute(kind):
    search = kind(RandomForestClassifier(3, random_state=0), {"max_depth": [1, 2]}, cv=3)
    search.fit(X, Y)
    before = dict(vars(search))
    search.set_params(cv=4, error_score="raise", estimator__n_estimators=-1)
    with pytest.raises(ValueError, match="n_estimators"):
        search.fit(X, Y)
    learned = {name for name in vars(search) if name.endswith("_") or name.startswith("_")}
    assert learned == {name for name in before if name.endswith("_") or name.startswith("_")}
    for name in learned:
        assert vars(search)[name] is before[name], name


def test_a_fit_that_fails_leaves_an_unfitted_search_unfitted():
    search = GridSearchCV(RandomForestClassifier(), {"max_depth": [-1]}, cv=3)
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        search.fit(X, Y)
    with pytest.raises(NotFittedError):
        search.predict(X)


def test_an_earlier_best_estimator_is_forgotten():
    search = GridSearchCV(RandomForestClassifier(random_state=0), GRID, cv=3).fit(X, Y)
    search.set_params(refit=False).fit(X, Y)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "refit_time_")


@pytest.mark.parametrize("time_limit", [0, -1, "a minute", float("nan")])
def test_time_limits_that_are_none(time_limit):
    search = GridSearchCV(Slow(), {"right": [0]}, time_limit=time_limit)
    with pytest.raises(ValueError, match="'time_limit' parameter of GridSearchCV"):
        search.fit(X, Y)


def test_a_generous_time_limit_changes_nothing():
    forest = RandomForestClassifier(random_state=0)
    limited = GridSearchCV(forest, GRID, cv=3, time_limit=1000).fit(X, Y)
    free = GridSearchCV(forest, GRID, cv=3).fit(X, Y)
    assert limited.skipped_ == []
    np.testing.assert_array_equal(
        limited.cv_results_["mean_test_score"], free.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [(RandomForestClassifier(random_state=0), GRID), (Slow(), {"right": [0, 1, 2] * 2})],
    ids=["sweep", "ordinary"],
)
def test_the_bar_ends_where_it_should(estimator, grid, monkeypatch):
    bars = []

    class Bar(tqdm.auto.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            bars.append(self)

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    GridSearchCV(estimator, grid, cv=3).fit(X, Y)
    assert bars == []
    GridSearchCV(estimator, grid, cv=3, verbose=1).fit(X, Y)
    assert [(bar.n, bar.total, bar.disable) for bar in bars] == [(18, 18, True)]


def test_ctrl_c_ends_the_search_and_leaves_everything_healthy():
    # A shell that starts the tests in the background lets them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    rows = make_classification(4000, 20, n_informative=10, random_state=0)
    estimator = RandomForestClassifier(random_state=0)
    search = GridSearchCV(estimator, {"n_estimators": [20_000]}, cv=2)
    try:
        with pytest.raises(KeyboardInterrupt):
            threading.Timer(0.3, _thread.interrupt_main).start()
            search.fit(*rows)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not hasattr(search, "cv_results_")
    search.set_params(param_grid={"n_estimators": [2]}).fit(*rows)
    assert search.best_params_ == {"n_estimators": 2}


def test_the_registry_names_searches():
    assert TUNERS["grid"] is GridSearchCV
    assert all(hasattr(tuner, "fit") for tuner in TUNERS.values())


def descent():
    """A tuner: walks down to where the scores get no better."""
    place, best = 0, -np.inf
    while True:
        scores = yield [{"x": place}, {"x": place + 1}]
        if scores.max() <= best:
            return
        best, place = scores.max(), place + 1


def score_of(batch):
    return np.array([[-((candidate["x"] - 4) ** 2.0)] for candidate in batch])


def test_the_loop_sends_scores_until_the_tuner_ends():
    seen = []

    def evaluate(batch):
        seen.append(list(batch))
        return score_of(batch)

    run(descent(), evaluate, Clock(None))
    assert [batch[0]["x"] for batch in seen] == [0, 1, 2, 3, 4]


def test_the_loop_ends_when_the_time_is_over():
    clock = Clock(60)
    calls = []

    def evaluate(batch):
        calls.append(batch)
        clock.stop()
        return score_of(batch)

    tuner = descent()
    run(tuner, evaluate, clock)
    assert len(calls) == 1
    assert next(tuner, None) is None


def test_a_tuner_that_proposes_nothing():
    run((batch for batch in ()), score_of, Clock(None))


def test_the_parts_of_a_bar_add_up(monkeypatch):
    with Progress(True) as progress:
        progress.expect(10)
        report = progress.part(7)
        for done in range(0, 1001, 50):
            report(done, 1000)
        progress.advance(3)
        assert progress._bar.n == 10
    assert Progress(False).part(3) is None


class Anything(BaseEstimator):
    """Takes any target, as those of other libraries may."""

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return 0.0


NAN = float("nan")


@pytest.mark.parametrize(("y", "words"), [
    ([3.0, NAN, 1.0, 2.0], "numbers from 1 to 3, mean 2, 1 missing"),
    ([NAN] * 4, "no numbers, 4 missing"),
    ([[1, 2], [3], [4], [5, 6]], "list"),
    ([4, 1, 2, 3], "numbers from 1 to 4, mean 2.5"),
    (np.array([[4.0], [1.0], [2.0], [3.0]]), "numbers from 1 to 4, mean 2.5"),
    (np.array(["a", None, "a", "b"], dtype=object), "3 classes of 1 to 2 rows"),
    (np.zeros((4, 3)), "3 columns of numbers"),
    (None, "none"),
], ids=str)  # fmt: skip
def test_no_target_is_beyond_words(y, words):
    X = np.zeros((4, 2))
    assert GridSearchCV(Anything(), {}, cv=2).fit(X, y).data_.target == words


def test_a_classifier_has_classes_and_a_regressor_numbers():
    y = [1, 2, 1, 1]
    assert DataFacts.of(X[:4], y, RandomForestClassifier()).target == "2 classes of 1 to 3 rows"
    assert (
        DataFacts.of(X[:4], y, RandomForestRegressor()).target == "numbers from 1 to 2, mean 1.25"
    )
    assert (
        DataFacts.of(X, np.zeros((90, 2)), RandomForestClassifier()).target
        == "2 columns of classes"
    )
