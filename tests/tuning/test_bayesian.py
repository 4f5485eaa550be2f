"""Bayesian search over models: defaults first, exact budgets, profiles of free hyperparameters."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from setpoint import SVC as SetpointSVC
from setpoint import (
    BayesSearchCV,
    Choice,
    ElasticNet,
    Integer,
    MLPClassifier,
    RandomForestClassifier,
    Real,
    Space,
)
from setpoint.tuning import TimeLimitWarning
from setpoint.tuning.bayesian import Folds, bayesian
from setpoint.tuning.profile import profile
from setpoint.tuning.space import default_space

X, Y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
FOREST = RandomForestClassifier(10, random_state=0)
SPACE = {"max_features": Integer(1, 6), "max_depth": Integer(1, 8)}


def test_the_first_candidate_is_the_estimators_own():
    search = BayesSearchCV(SVC(), {"C": Real(1e-3, 1e3, log=True)}, n_iter=6, cv=3, random_state=0)
    search.fit(X, Y)
    assert search.cv_results_["params"][0] == {"C": 1.0}
    assert (search.n_candidates_, search.n_fits_) == (6, 18)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])


def test_defaults_outside_the_space_are_left_alone():
    space = {"C": Real(10.0, 1e3, log=True), "gamma": Real(1e-3, 1.0, log=True)}
    search = BayesSearchCV(SVC(), space, n_iter=6, cv=3, random_state=0).fit(X, Y)
    assert search.n_candidates_ == 6
    for params in search.cv_results_["params"]:
        Space(space).encode(params)


def test_a_slice_counts_as_one_point_and_costs_one_model():
    search = BayesSearchCV(FOREST, SPACE, n_iter=4, cv=3, random_state=0).fit(X, Y)
    assert search.n_fits_ == 4 * 3
    params = search.cv_results_["params"]
    assert len({p["max_features"] for p in params}) == 4
    assert sorted({p["max_depth"] for p in params}) == list(range(1, 9))
    assert search.n_candidates_ == len(params) == 4 * 8


def test_without_profile_every_candidate_is_a_point():
    search = BayesSearchCV(FOREST, SPACE, n_iter=7, cv=3, profile=False, random_state=0).fit(X, Y)
    assert search.n_candidates_ == 7


def test_nothing_but_free_hyperparameters_is_one_training():
    space = {"n_estimators": Integer(2, 9), "max_depth": Integer(1, 4)}
    search = BayesSearchCV(
        clone(FOREST).set_params(n_estimators=2, max_depth=1),
        space,
        n_iter=30,
        cv=3,
        random_state=0,
    ).fit(X, Y)
    assert search.n_fits_ == 3
    assert search.n_candidates_ == 4 * 4  # both ends of the ranges, and two between


def test_no_space_is_the_declared_ranges():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(50, random_state=0))
    search = BayesSearchCV(pipeline, n_iter=3, cv=2, random_state=0).fit(X, Y)
    assert search.cv_results_["params"][0] == {
        name: pipeline.get_params()[name] for name in default_space(pipeline).names
    }
    assert search.n_fits_ == 3 * 2
    for params in search.cv_results_["params"]:
        default_space(pipeline).encode(params)


def test_what_is_profiled():
    random = np.random.default_rng(0)
    names = set(profile(FOREST, default_space(FOREST), random).space.names)
    costs = {name: item.cost for name, item in FOREST.declarations().items()}
    # A path beside free hyperparameters would be most of a slice's cost.
    assert {costs[name] for name in names} == {"full", "cheap"}
    pipeline = make_pipeline(StandardScaler(), FOREST)
    space = Space(
        {"standardscaler__with_mean": [True, False], "randomforestclassifier__max_depth": [1, 2]}
    )
    assert profile(pipeline, space, random).space.names == ["standardscaler__with_mean"]
    conditional = Space(
        {"bootstrap": [True, False], "max_depth": [1, 2, 3]},
        when={"max_depth": {"bootstrap": True}},
    )
    assert profile(FOREST, conditional, random).slices.first == [{}]
    assert profile(Ridge(), Space({"alpha": [1.0, 2.0]}), random).slices.first == [{}]


def test_numbers_of_trees_are_tried_at_the_end():
    """An evaluation costs what the estimator's own number of trees costs; the last one may more."""
    space = {"max_features": Integer(1, 6), "n_estimators": Integer(5, 40), "max_depth": [2, 4, 8]}
    search = BayesSearchCV(FOREST, space, n_iter=6, cv=3, random_state=0).fit(X, Y)
    assert search.n_fits_ == 6 * 3
    params = search.cv_results_["params"]
    trees = [p["n_estimators"] for p in params]
    assert set(trees[:-5]) == {10}
    assert (min(trees[-5:]), max(trees[-5:])) == (5, 40)
    best = params[int(np.argmax(search.cv_results_["mean_test_score"][:-5]))]
    for p in params[-5:]:
        assert {**p, "n_estimators": 10} == best


def test_later_slices_lie_around_the_best_setting():
    space = Space({"max_features": Integer(1, 6), "ccp_alpha": Real(1e-4, 1.0, log=True)})
    view = profile(FOREST, space, np.random.default_rng(0))
    first = view.slices.first
    worths = [-abs(np.log10(setting["ccp_alpha"]) + 2) for setting in first]
    view.slices.tell(first, [worths])
    later = view.slices.next()
    assert later[0] == first[int(np.argmax(worths))]
    assert all(abs(np.log10(p["ccp_alpha"] / later[0]["ccp_alpha"])) <= 1.01 for p in later)
    assert len({p["ccp_alpha"] for p in later}) == len(later) > 3


def test_paths_of_kernel_machines_are_no_slices():
    random = np.random.default_rng(0)
    space = Space({"C": Real(0.1, 10.0), "gamma": Real(0.1, 10.0)})
    assert profile(SetpointSVC(), space, random).space is space
    path = Space({"alpha": Real(0.1, 10.0), "l1_ratio": Real(0.1, 1.0)})
    assert profile(ElasticNet(), path, random).space.names == ["l1_ratio"]


def test_threads_and_seeds():
    results = [
        BayesSearchCV(FOREST, SPACE, n_iter=6, cv=3, random_state=seed, n_jobs=n_jobs).fit(X, Y)
        for seed, n_jobs in [(0, 1), (0, 2), (1, 1)]
    ]
    params = [search.cv_results_["params"] for search in results]
    assert params[0] == params[1] != params[2]
    means = [search.cv_results_["mean_test_score"] for search in results]
    np.testing.assert_array_equal(means[0], means[1])


@pytest.mark.parametrize("n_points", [1, 3])
def test_exact_budget_and_no_duplicates(n_points):
    space = {"alpha": Real(1e-4, 1e4, log=True), "fit_intercept": [True, False]}
    search = BayesSearchCV(Ridge(), space, n_iter=14, n_points=n_points, cv=3, random_state=0)
    search.fit(X, Y)
    params = [tuple(p.items()) for p in search.cv_results_["params"]]
    assert len(set(params)) == len(params) == 14


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_candidates_that_fail_are_kept_away_from():
    space = {"max_features": Integer(-3, 6), "max_samples": Real(0.2, 1.0)}
    search = BayesSearchCV(FOREST, space, n_iter=20, cv=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores).any()
    assert np.isnan(scores[10:]).sum() <= 4
    assert np.isfinite(search.best_score_)
    with pytest.warns(FitFailedWarning):
        BayesSearchCV(FOREST, space, n_iter=10, cv=3, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="All the 12 fits failed"):
        BayesSearchCV(FOREST, {"max_features": Integer(-9, -1)}, n_iter=4, cv=3).fit(X, Y)


def test_a_time_limit_keeps_the_best_so_far():
    forest = RandomForestClassifier(300, random_state=0)
    search = BayesSearchCV(forest, {"max_features": Real(0.1, 1.0)}, n_iter=1000, time_limit=1.0)
    with pytest.warns(TimeLimitWarning, match=r"time_limit=1\.0 s ended the search"):
        search.fit(X, Y)
    assert 0 < search.n_candidates_ < 1000
    assert np.isfinite(search.best_score_)


def test_conditions():
    space = Space(
        {
            "kernel": Choice("linear", "poly"),
            "degree": Integer(2, 4),
            "C": Real(1e-2, 1e2, log=True),
        },
        when={"degree": {"kernel": "poly"}},
    )
    search = BayesSearchCV(SVC(kernel="poly"), space, n_iter=10, cv=3, random_state=0).fit(X, Y)
    params = search.cv_results_["params"]
    assert params[0] == {"kernel": "poly", "degree": 3, "C": 1.0}
    assert all(("degree" in p) == (p["kernel"] == "poly") for p in params)
    linear = BayesSearchCV(SVC(kernel="linear"), space, n_iter=2, cv=3, random_state=0).fit(X, Y)
    assert linear.cv_results_["params"][0] == {"kernel": "linear", "C": 1.0}


def test_the_folds_own_difficulty_is_no_noise():
    folds = Folds()
    hard = np.array([0.5, -0.2, -0.3])
    rows = np.array([0.1, 0.4, 0.7])[:, None] + hard
    learned = folds.learn(rows, 1)
    assert [worth for worth, _ in learned] == pytest.approx([0.1, 0.4, 0.7])
    assert [variance for _, variance in learned] == pytest.approx([0, 0, 0], abs=1e-12)
    noise = np.random.default_rng(0).normal(size=(50, 3)) * 0.1
    variances = [v for _, v in Folds().learn(np.repeat(rows, 17, axis=0)[:50] + noise, 1)]
    assert np.mean(variances) == pytest.approx(0.01 / 3, rel=0.3)


def test_a_point_that_was_ruled_out_is_worth_what_its_folds_say():
    """Without what makes these folds hard, and less sure than a point with all folds."""
    hard = np.array([0.5, -0.1, -0.4])
    noise = np.random.default_rng(0).normal(size=(20, 3)) * 0.1
    folds = Folds()
    (_, whole), *_ = folds.learn(np.linspace(0, 1, 20)[:, None] + hard + noise, 1)
    ruled_out = 0.3 + hard + np.array([0.05, -0.05, -np.inf])
    ((worth, variance),) = folds.learn(ruled_out[None], 1)
    assert worth == pytest.approx(0.3, abs=0.05)
    assert whole < variance < np.inf
    # It says nothing of the other folds.
    assert folds.learn(ruled_out[None], 1) == [(worth, variance)]
    ((nothing, _),) = folds.learn(np.array([[0.1, np.nan, -np.inf]]), 1)
    assert np.isnan(nothing)


def test_a_slice_is_worth_its_best_setting():
    scores = np.array([[0.1, 0.2], [0.5, 0.3], [np.nan, np.nan], [0.0, 0.1], [np.nan, 1.0], [0, 0]])
    assert [worth for worth, _ in Folds().learn(scores, 3)] == pytest.approx([0.4, 0.05])


def test_the_generator_by_itself():
    space = Space({"x": Real(0, 1)})
    tuner = bayesian(space, 12, np.random.default_rng(0), n_initial=3, n_points=4)
    sizes, batch = [], next(tuner)
    while batch is not None:
        sizes.append(len(batch))
        scores = np.array([[-((candidate["x"] - 0.3) ** 2)] for candidate in batch])
        try:
            batch = tuner.send(scores)
        except StopIteration:
            break
    assert sizes == [4, 4, 4]


@pytest.mark.parametrize(("name", "value"), [
    ("n_iter", 0), ("n_points", 0), ("profile", "yes"), ("n_initial_points", 0),
    ("search_spaces", 3),
])  # fmt: skip
def test_illegal_arguments(name, value):
    search = BayesSearchCV(FOREST, **({"search_spaces": SPACE} | {name: value}))
    with pytest.raises(ValueError, match=f"'{name}' parameter of BayesSearchCV"):
        search.fit(X, Y)


@pytest.mark.parametrize("model", [
    MLPClassifier(hidden_layer_sizes=(4, 3), max_iter=2, random_state=0),
    RandomForestClassifier(3, class_weight={0: 1.0, 1: 2.0, 2: 1.5}, random_state=0),
], ids=lambda model: type(model).__name__)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_data_are_read_once_for_all_points(model, monkeypatch):
    made = []
    read = type(model)._sweep_data

    def counted(*args):
        made.append(args)
        return read(*args)

    monkeypatch.setattr(type(model), "_sweep_data", counted)
    BayesSearchCV(model, n_iter=7, cv=2, refit=False, random_state=0).fit(X, Y)
    assert len(made) == 1
