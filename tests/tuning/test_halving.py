"""Successive halving: scikit-learn's rounds and choices, time limits, spaces."""

import sqlite3
import time

import numpy as np
import pytest
import scipy.stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV as ScikitHalvingGridSearchCV
from sklearn.model_selection import HalvingRandomSearchCV as ScikitHalvingRandomSearchCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from setpoint import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    Integer,
    MLPClassifier,
    OneStandardError,
    RandomForestClassifier,
)
from setpoint.tuning import TimeLimitWarning

X, Y = make_classification(300, 6, n_informative=4, random_state=0)
GRID = {"max_depth": [1, 2, 4, None], "max_features": [1, 3, 6]}
TIMES = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")


def assert_same(ours, theirs):
    for name in ("n_resources_", "n_candidates_", "n_remaining_candidates_", "n_iterations_",
                 "min_resources_", "max_resources_", "best_params_", "best_score_"):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()
    for name in ours.cv_results_.keys() - set(TIMES):
        assert repr(list(ours.cv_results_[name])) == repr(list(theirs.cv_results_[name])), name
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("settings", [
    {},
    {"factor": 2, "min_resources": "smallest"},
    {"max_resources": 100, "aggressive_elimination": True, "min_resources": 50},
    {"resource": "n_estimators", "max_resources": 20, "return_train_score": False},
], ids=str)  # fmt: skip
def test_grid_is_scikit_learns(settings):
    ours, theirs = (
        kind(RandomForestClassifier(5, random_state=0), GRID, cv=3, random_state=0, **settings)
        for kind in (HalvingGridSearchCV, ScikitHalvingGridSearchCV)
    )
    assert_same(ours.fit(X, Y), theirs.fit(X, Y))
    assert ours.n_fits_ <= 3 * sum(ours.n_candidates_)


def test_random_is_scikit_learns():
    space = {"max_depth": scipy.stats.randint(1, 10**6), "max_features": [1, 3, 6]}
    ours, theirs = (
        kind(RandomForestClassifier(5, random_state=0), space, cv=3, random_state=0)
        for kind in (HalvingRandomSearchCV, ScikitHalvingRandomSearchCV)
    )
    assert_same(ours.fit(X, Y), theirs.fit(X, Y))


def test_a_free_resource_costs_one_model_for_each_candidate_and_fold():
    search = HalvingGridSearchCV(
        RandomForestClassifier(random_state=0), GRID, cv=3, resource="n_estimators",
        max_resources=18, factor=3,
    ).fit(X, Y)  # fmt: skip
    assert search.n_resources_ == [2, 6, 18]
    assert search.n_candidates_ == [12, 4, 2]
    # max_depth is free too: only the 3 values of max_features need models of their own, and these
    # go on from round to round.
    assert search.n_fits_ == 3 * 3
    assert search.best_params_["n_estimators"] == 18


SCHEDULES = {
    "learning_rate": ["constant", "invscaling", "adaptive", "step"],
    "learning_rate_init": [0.3, 1e-3],
}
NETWORKS = [
    (SCHEDULES, {"solver": "sgd", "step_every": 2}),
    ({"dropout": [0.0, 0.3], "alpha": [1e-4, 1.0, 1e9]}, {"batch_norm": True, "keep": "best"}),
    ({"batch_size": [20, 50], "activation": ["tanh", "relu"]}, {"early_stopping": True}),
    ({"learning_rate_init": [1e-1, 1e-3]}, {"learning_rate": "cosine"}),
    ({"alpha": [1e-4, 1.0]}, {"solver": "lbfgs"}),
]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(("grid", "settings"), NETWORKS, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_networks_go_on_as_if_they_had_never_stopped(grid, settings, scaled):
    model = MLPClassifier((8,), random_state=0, n_iter_no_change=3, **settings)
    name = ""
    if scaled:
        model, name = make_pipeline(StandardScaler(), model), "mlpclassifier__"
    grid = {name + key: values for key, values in grid.items()}
    given = {"cv": 2, "factor": 2, "resource": f"{name}max_iter", "max_resources": 12}
    given |= {"min_resources": 3, "random_state": 0}
    theirs = ScikitHalvingGridSearchCV(model, grid, **given).fit(X, Y)
    ours = HalvingGridSearchCV(model, grid, **given).fit(X, Y)
    assert_same(ours, theirs)
    n_rounds = len(ours.n_candidates_)
    assert n_rounds > 1
    if settings.get("solver") == "lbfgs" or "learning_rate" in settings:
        assert ours.n_fits_ == 2 * sum(ours.n_candidates_)  # another number of steps, other steps
    else:
        assert ours.n_fits_ < 2 * sum(ours.n_candidates_)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "matthews_corrcoef"])
@pytest.mark.parametrize("scaled", [False, True])
def test_forests_go_on_as_if_they_had_never_stopped(scaled, scoring):
    forest = RandomForestClassifier(random_state=0)
    grid = {"min_samples_leaf": [1, 3, 9], "ccp_alpha": [0.0, 0.02], "max_features": [2, 4]}
    name = ""
    if scaled:
        forest, name = make_pipeline(StandardScaler(), forest), "randomforestclassifier__"
    grid = {name + key: values for key, values in grid.items()}
    given = {"cv": 2, "factor": 2, "resource": f"{name}n_estimators", "max_resources": 16}
    given |= {"min_resources": 2, "scoring": scoring}
    theirs = ScikitHalvingGridSearchCV(forest, grid, random_state=0, **given).fit(X, Y)
    for settings in ({}, {"n_jobs": 1}, {"time_limit": 100.0}):
        ours = HalvingGridSearchCV(forest, grid, random_state=0, **given, **settings).fit(X, Y)
        for name in ("mean_test_score", "mean_train_score"):
            np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name])
        assert ours.n_candidates_ == theirs.n_candidates_ == [12, 6, 3, 2]
        assert ours.n_fits_ <= 2 * 6


def test_a_journal_may_know_some_of_the_rounds(tmp_path):
    forest = RandomForestClassifier(random_state=0)
    given = {"cv": 2, "resource": "n_estimators", "max_resources": 18, "random_state": 0}
    whole = HalvingGridSearchCV(forest, GRID, **given).fit(X, Y)
    journal = tmp_path / "search.db"
    first = HalvingGridSearchCV(forest, GRID, journal=journal, **given).fit(X, Y)
    with sqlite3.connect(journal) as kept:
        (n,) = kept.execute("SELECT count(*) FROM evaluations").fetchone()
        kept.execute("DELETE FROM evaluations WHERE candidate >= 14")
        (left,) = kept.execute("SELECT count(*) FROM evaluations").fetchone()
    assert left < n
    again = HalvingGridSearchCV(forest, GRID, journal=journal, **given).fit(X, Y)
    for search in (first, again):
        assert_same(search, whole)


def test_spaces_and_declared_ranges():
    forest = RandomForestClassifier(random_state=0)
    search = HalvingRandomSearchCV(
        forest, {"max_depth": Integer(1, 8)}, n_candidates=4, cv=2, random_state=0,
        resource="n_estimators", max_resources=6,
    ).fit(X, Y)  # fmt: skip
    assert len({p["max_depth"] for p in search.cv_results_["params"]}) == 4
    search = HalvingRandomSearchCV(forest, n_candidates=3, cv=2, random_state=0).fit(X, Y)
    assert {"max_features", "n_estimators"} <= search.best_params_.keys()
    search.set_params(resource="n_estimators", max_resources=6).fit(X, Y)  # then it is not searched
    assert search.n_resources_ == [1, 3] and search.best_params_["n_estimators"] == 3


class Slow(ClassifierMixin, BaseEstimator):
    def __init__(self, right=0, seconds=0.0):
        self.right = right
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        self.classes_ = np.unique(y)
        self.answer_ = self.classes_[self.right]
        return self

    def predict(self, X):
        return np.full(len(X), self.answer_)


def test_a_time_limit_between_and_within_iterations():
    search = HalvingGridSearchCV(
        Slow(seconds=0.02), {"right": [0, 1, 0, 1, 0, 1, 0, 1, 0]}, cv=2, time_limit=0.45,
        random_state=0,
    )  # fmt: skip
    with pytest.warns(TimeLimitWarning):
        search.fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(search.best_score_)
    assert len(search.n_resources_) == len(search.n_candidates_) == search.n_iterations_
    assert len(scores) == sum(search.n_candidates_)


def test_the_resource_is_no_hyperparameter_of_the_search():
    search = HalvingGridSearchCV(
        RandomForestClassifier(), {"n_estimators": [1, 2]}, resource="n_estimators",
        max_resources=4,
    )  # fmt: skip
    with pytest.raises(ValueError, match="Cannot use parameter n_estimators as the resource"):
        search.fit(X, Y)


@pytest.mark.parametrize(
    "resource", [{}, {"resource": "n_estimators", "max_resources": 9}], ids=str
)
def test_a_search_leaves_the_splitter_alone(resource):
    cv = StratifiedKFold(3, shuffle=True, random_state=7)
    forest = RandomForestClassifier(5, random_state=0)
    HalvingGridSearchCV(forest, GRID, cv=cv, **resource).fit(X, Y)
    assert cv.random_state == 7


def test_a_function_chooses_among_the_last_iteration():
    seen = {}

    def worst(results):
        seen.update(results)
        return int(np.argmax(results["rank_test_score"]))

    forest = RandomForestClassifier(5, random_state=0)
    search = HalvingGridSearchCV(forest, GRID, cv=3, refit=worst, random_state=0).fit(X, Y)
    results, last = search.cv_results_, max(search.cv_results_["iter"])
    rows = np.flatnonzero(results["iter"] == last)
    assert len(seen["params"]) == len(rows) == len(seen["split0_test_score"]) > 1
    assert min(seen["rank_test_score"]) == 1
    assert search.best_index_ == rows[np.argmax(seen["rank_test_score"])]
    assert search.best_params_ == results["params"][search.best_index_]
    assert search.best_score_ == results["mean_test_score"][search.best_index_]
    with pytest.raises(IndexError, match="out of range"):
        search.set_params(refit=lambda results: len(rows)).fit(X, Y)
    simplest = search.set_params(refit=OneStandardError(("max_depth",))).fit(X, Y)
    assert results["iter"][simplest.best_index_] == last
