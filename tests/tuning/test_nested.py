"""Nested cross-validation, and the one-standard-error rule."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold

from setpoint import (
    GridSearchCV,
    HalvingGridSearchCV,
    OneStandardError,
    RandomForestClassifier,
    RandomForestRegressor,
)
from tuning.interrupted import FOREST, X, Y

GRID = {"max_depth": [1, 2, None], "max_features": [1, 4]}


def test_it_is_the_search_without_each_outer_fold():
    search = GridSearchCV(FOREST, GRID, cv=3, nested_cv=4).fit(X, Y)
    plain = GridSearchCV(FOREST, GRID, cv=3).fit(X, Y)
    assert search.best_params_ == plain.best_params_
    found = search.nested_
    for k, (train, test) in enumerate(StratifiedKFold(4).split(X, Y)):
        inner = GridSearchCV(FOREST, GRID, cv=3).fit(X[train], Y[train])
        assert found.scores[k] == inner.score(X[test], Y[test])
        assert found.best_params[k] == inner.best_params_
        assert found.best_scores[k] == inner.best_score_
        np.testing.assert_array_equal(found.predictions[test], inner.predict(X[test]))
    assert found.predictions.dtype == Y.dtype
    assert not hasattr(plain, "nested_")


@pytest.mark.parametrize("labels", [Y, np.array(["no", "yes"])[Y]], ids=["numbers", "words"])
def test_rows_outside_all_folds_have_no_prediction(labels):
    splitter = ShuffleSplit(1, test_size=0.3, random_state=0)
    ((_, test),) = splitter.split(X)
    search = GridSearchCV(FOREST, {"max_depth": [2]}, cv=2, nested_cv=splitter).fit(X, labels)
    predictions = search.nested_.predictions
    missing = np.array([value is None or value != value for value in predictions])
    assert (~missing).sum() == len(test) and not missing[test].any()


def test_groups_weights_and_several_outputs():
    groups = np.arange(len(X)) // 6
    y = np.column_stack([X[:, 0], X[:, 1]])
    forest = RandomForestRegressor(3, random_state=0)
    search = GridSearchCV(forest, {"max_depth": [2]}, cv=GroupKFold(2), nested_cv=GroupKFold(3))
    search.fit(X, y, groups=groups, sample_weight=np.ones(len(X)))
    assert search.nested_.predictions.shape == y.shape
    assert np.isfinite(search.nested_.scores).all()


def test_halving_and_a_journal(tmp_path):
    def search(path):
        return HalvingGridSearchCV(
            FOREST, GRID, cv=2, random_state=0, nested_cv=KFold(2), journal=path
        ).fit(X, Y)

    one, other = search(tmp_path / "search.db"), search(tmp_path / "search.db")
    np.testing.assert_array_equal(one.nested_.scores, other.nested_.scores)
    assert {path.name for path in tmp_path.glob("*.db")} == {
        "search.db", "search.without-fold-0.db", "search.without-fold-1.db",
    }  # fmt: skip


def test_it_needs_a_best_estimator():
    with pytest.raises(ValueError, match="needs refit=True"):
        GridSearchCV(FOREST, GRID, nested_cv=3, refit=False).fit(X, Y)
    with pytest.raises(ValueError, match="'nested_cv' parameter"):
        GridSearchCV(FOREST, GRID, nested_cv="five").fit(X, Y)


def results(means, spread, **params):
    """A table of two folds, `spread` apart in the best candidate's scores."""
    means = np.array(means, dtype=float)
    return {
        "mean_test_score": means,
        "split0_test_score": means - spread / 2,
        "split1_test_score": means + spread / 2,
        "params": [
            dict(zip(params, row, strict=True)) for row in zip(*params.values(), strict=True)
        ],
    }


def test_the_simplest_within_one_standard_error():
    # Two folds 0.1 apart: a standard error of 0.05.
    depths = [1, 2, 4, None]
    table = results([0.8, 0.86, 0.9, 0.89], 0.1, depth=depths)
    assert OneStandardError(("depth",))(table) == 1
    assert OneStandardError(("depth",))(results([0.8, 0.84, 0.9, 0.91], 0.1, depth=depths)) == 2
    assert OneStandardError(("depth",))(results([0.8, 0.8, 0.8, 0.9], 0.1, depth=depths)) == 3
    assert OneStandardError(("-alpha",))(results([0.9, 0.89, 0.7], 0.1, alpha=[1, 10, 100])) == 1
    assert OneStandardError(("depth",))(results([np.nan, 0.9], 0.1, depth=[1, 2])) == 1


def test_ties_go_to_the_better_and_then_to_the_next_name():
    table = results([0.88, 0.9, 0.89], 0.1, depth=[2, 2, 2], n=[5, 5, 3])
    assert OneStandardError(("depth",))(table) == 1
    assert OneStandardError(("depth", "n"))(table) == 2


def test_as_a_rule_of_a_search():
    rule = OneStandardError(("max_depth", "-max_features"))
    search = GridSearchCV(RandomForestClassifier(5, random_state=0), GRID, cv=3, refit=rule)
    search.fit(X, Y)
    assert search.best_index_ == rule(search.cv_results_)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert clone(search).refit == rule


def test_rules_that_make_no_sense():
    with pytest.raises(TypeError, match="tuple of names"):
        OneStandardError("max_depth")
    with pytest.raises(ValueError, match="at least one"):
        OneStandardError(())
    with pytest.raises(ValueError, match="depth is not searched"):
        OneStandardError(("depth",))(results([0.9, 0.8], 0.1, width=[1, 2]))
