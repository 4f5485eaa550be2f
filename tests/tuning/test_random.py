"""Random search: scikit-learn's draws without repetitions, spread draws, spaces, what is shared."""

import numpy as np
import pytest
import scipy.stats
import sklearn.model_selection
from sklearn.datasets import make_classification
from sklearn.linear_model import Ridge
from sklearn.model_selection import ParameterSampler
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from setpoint import (
    NONE,
    Choice,
    Integer,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
    Space,
)
from setpoint.tuning.random import proposals

X, Y = make_classification(90, 5, n_informative=3, n_classes=3, random_state=0)

SPACES = [
    {"a": [1, 2, 3, 4], "b": ["x", "y"]},
    {"a": scipy.stats.uniform(0, 1), "b": ["x", "y", None]},
    [{"a": scipy.stats.randint(0, 10**6)}, {"b": scipy.stats.norm(), "c": [1, [2]]}],
]


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("seed", [0, 7])
def test_draws_are_those_of_scikit_learn(space, seed):
    found = proposals(None, space, 8, seed)
    assert found == list(ParameterSampler(space, 8, random_state=seed))


def test_a_search_is_scikit_learns():
    space = {"n_estimators": scipy.stats.randint(2, 60), "max_depth": [1, 2, None]}
    ours = RandomizedSearchCV(
        RandomForestClassifier(random_state=0), space, n_iter=6, cv=3, random_state=1
    ).fit(X, Y)
    theirs = sklearn.model_selection.RandomizedSearchCV(
        RandomForestClassifier(random_state=0), space, n_iter=6, cv=3, random_state=1
    ).fit(X, Y)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    np.testing.assert_array_equal(
        ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"]
    )
    assert ours.best_params_ == theirs.best_params_
    assert (ours.n_fits_, ours.n_candidates_) == (3, 6)


@pytest.mark.parametrize("space", [
    {"a": scipy.stats.randint(0, 5)},
    {"a": Integer(0, 4)},
    {"a": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("sampling", ["random", "sobol", "latin"])
def test_no_candidate_is_drawn_twice(space, sampling):
    if sampling != "random":
        space = Space(space)
    with pytest.warns(UserWarning, match="The space holds 5 candidates, fewer than the 9"):
        found = proposals(None, space, 9, 0, sampling)
    assert sorted(params["a"] for params in found) == [0, 1, 2, 3, 4]


def test_an_array_among_the_values():
    space = {"a": [[1, 2], [3, 4]], "b": scipy.stats.randint(0, 2)}
    found = proposals(None, space, 4, 0)
    assert len({str(params) for params in found}) == 4


@pytest.mark.parametrize("sampling", ["random", "sobol", "latin"])
def test_seeds(sampling):
    space = Space({"a": Real(0, 1), "b": Choice("x", "y"), "c": Integer(1, 9) | NONE})
    one, same, other = (proposals(None, space, 16, seed, sampling) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    generator = np.random.RandomState(1)
    first, second = (proposals(None, space, 16, generator, sampling) for _ in range(2))
    assert first == one
    assert first != second


def test_the_declared_ranges_are_the_default():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))
    search = RandomizedSearchCV(pipeline, n_iter=4, cv=2, random_state=0).fit(X, Y)
    names = {name.partition("__")[2] for name in search.best_params_}
    declared = RandomForestClassifier.declarations()
    assert names == {name for name, item in declared.items() if item.search is not None}
    with pytest.raises(ValueError, match="Ridge declares no ranges"):
        RandomizedSearchCV(Ridge()).fit(X, Y)


def test_conditions():
    space = Space(
        {"bootstrap": [True, False], "max_samples": Real(0.2, 1.0)},
        when={"max_samples": {"bootstrap": True}},
    )
    forest = RandomForestClassifier(5, random_state=0)
    search = RandomizedSearchCV(forest, space, n_iter=8, cv=2, random_state=0).fit(X, Y)
    masked = search.cv_results_["param_max_samples"].mask
    flags = search.cv_results_["param_bootstrap"]
    assert list(masked) == [not flag for flag in flags]
    assert any(masked)


@pytest.mark.parametrize(("name", "value"), [("sampling", "grid"), ("n_iter", 0)])
def test_illegal_arguments(name, value):
    search = RandomizedSearchCV(RandomForestClassifier(), {"max_depth": [1]}, **{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter of RandomizedSearchCV"):
        search.fit(X, Y)
