"""Importances measured on rows that a tree has not seen."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_classification, make_regression

from setpoint import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

CLASSIFIERS = [RandomForestClassifier, ExtraTreesClassifier]
ALL = [*CLASSIFIERS, RandomForestRegressor, ExtraTreesRegressor]
each = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
SETTINGS = {"random_state": 0, "bootstrap": True}


def data_for(kind):
    """Four columns that tell y, then four of noise."""
    shape = {"n_samples": 400, "n_features": 8, "n_informative": 4, "random_state": 1}
    if kind in CLASSIFIERS:
        return make_classification(n_redundant=0, shuffle=False, **shape)
    X, y = make_regression(shuffle=False, coef=False, **shape)
    return X, y


def unbiased_by_definition(model, X, y):
    """The formula in the core's ``importance.rs``, node by node, from scikit-learn's trees."""
    X = X.astype(np.float32)
    Y = np.eye(int(y.max()) + 1)[y] if hasattr(model, "classes_") else y[:, None]
    total = np.zeros(X.shape[1])
    for view, rows in zip(model.estimators_, model.estimators_samples_, strict=True):
        unseen = np.setdiff1d(np.arange(len(X)), rows)
        seen_path = view.decision_path(X[rows]).toarray().astype(bool)
        unseen_path = view.decision_path(X[unseen]).toarray().astype(bool)
        tree = view.tree_
        for node in np.flatnonzero(tree.children_left >= 0):
            sides = tree.children_left[node], tree.children_right[node]
            if not all(unseen_path[:, side].any() for side in sides):
                continue
            W = [seen_path[:, side].sum() for side in sides]
            m = [Y[rows][seen_path[:, side]].mean(axis=0) for side in sides]
            m_unseen = [Y[unseen][unseen_path[:, side]].mean(axis=0) for side in sides]
            share = W[0] * W[1] / sum(W) / len(rows)
            total[tree.feature[node]] += share * (m[0] - m[1]) @ (m_unseen[0] - m_unseen[1])
    return total / len(model.estimators_)


@each
def test_columns_that_tell_the_target_come_first(kind):
    X, y = data_for(kind)
    model = kind(100, **SETTINGS).fit(X, y)
    permutation = model.oob_permutation_importances(X, y).importances_mean
    for importances in (permutation, model.unbiased_importances(X, y)):
        assert importances.shape == (8,)
        assert importances[:4].mean() > 10 * np.abs(importances[4:]).mean()
    assert (model.feature_importances_[4:] > 0).all()


@each
def test_unbiased_importances_are_what_they_are_defined_as(kind):
    X, y = data_for(kind)
    model = kind(5, max_samples=0.7, **SETTINGS).fit(X, y)
    expected = unbiased_by_definition(model, X, y)
    assert np.allclose(model.unbiased_importances(X, y), expected, rtol=1e-9, atol=1e-12)


@each
def test_repeats_seeds_and_threads(kind):
    X, y = data_for(kind)
    model = kind(20, n_jobs=1, **SETTINGS).fit(X, y)
    found = model.oob_permutation_importances(X, y, n_repeats=3)
    assert found.importances.shape == (8, 3)
    assert np.array_equal(found.importances_mean, found.importances.mean(axis=1))
    assert np.array_equal(found.importances_std, found.importances.std(axis=1))
    for n_jobs in (2, None):
        again = model.set_params(n_jobs=n_jobs).oob_permutation_importances(X, y, n_repeats=3)
        assert np.array_equal(again.importances, found.importances)
    other = model.oob_permutation_importances(X, y, n_repeats=3, random_state=1)
    assert not np.array_equal(other.importances, found.importances)
    more = model.oob_permutation_importances(X, y, n_repeats=4)
    assert np.array_equal(more.importances[:, :3], found.importances)


def test_the_generator_of_a_forest_is_left_as_it_was():
    X, y = data_for(RandomForestClassifier)
    generator = np.random.RandomState(0)
    model = RandomForestClassifier(20, random_state=generator).fit(X, y)
    place = generator.get_state()[2]
    model.oob_permutation_importances(X, y)
    model.unbiased_importances(X, y)
    assert generator.get_state()[2] == place


@each
def test_a_constant_column_is_worth_exactly_nothing(kind):
    X, y = data_for(kind)
    X = np.column_stack([X, np.ones(len(X))])
    model = kind(20, **SETTINGS).fit(X, y)
    assert (model.oob_permutation_importances(X, y).importances[8] == 0).all()
    assert model.unbiased_importances(X, y)[8] == 0


def test_noise_of_many_values_is_not_preferred():
    # Where y follows no column, the decrease of impurity ranks them by their distinct values.
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        X = np.column_stack([random.integers(0, k, 300) for k in (2, 10, 300)])
        y = random.integers(0, 2, 300)
        model = RandomForestClassifier(50, random_state=seed).fit(X, y)
        assert model.feature_importances_[2] > 2 * model.feature_importances_[0]
        found.append(model.unbiased_importances(X, y))
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0)) < 4 * error).all()


def test_trees_grown_in_two_goes_are_as_many():
    X, y = data_for(RandomForestClassifier)
    whole = RandomForestClassifier(30, random_state=0).fit(X, y)
    parts = RandomForestClassifier(11, random_state=0, warm_start=True).fit(X, y)
    parts.set_params(n_estimators=30).fit(X, y)
    for name in ("oob_permutation_importances", "unbiased_importances"):
        one, other = getattr(whole, name)(X, y), getattr(parts, name)(X, y)
        if name == "oob_permutation_importances":
            one, other = one.importances, other.importances
        assert np.allclose(one, other, rtol=1e-9, atol=1e-12)


def test_weights_outputs_and_categories():
    random = np.random.default_rng(0)
    X = pd.DataFrame({"of_y": random.choice(list("abcdef"), 300), "noise": random.random(300)})
    X["of_y"] = X["of_y"].astype("category")
    codes = X["of_y"].cat.codes.to_numpy()
    y = np.column_stack([codes % 2, codes // 2])
    weight = random.integers(0, 3, 300).astype(float)
    for class_weight in (None, "balanced", "balanced_subsample"):
        model = RandomForestClassifier(30, random_state=0, class_weight=class_weight)
        model.fit(X, y, weight)
        unbiased = model.unbiased_importances(X, y, weight)
        permutation = model.oob_permutation_importances(X, y, weight).importances_mean
        for importances in (unbiased, permutation):
            assert importances[0] > 20 * abs(importances[1])
        # Shuffled, of_y leaves a guess among 2 classes of the first output, 3 of the second.
        assert permutation[0] == pytest.approx((1 / 2 + 2 / 3) / 2, abs=0.1)


def test_bad_arguments():
    X, y = load_iris(return_X_y=True)
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    for n_repeats in (0, -1, 1.5, True, "3"):
        with pytest.raises(ValueError, match="n_repeats must be an integer >= 1"):
            model.oob_permutation_importances(X, y, n_repeats=n_repeats)
    with pytest.raises(ValueError, match="pass the training set"):
        model.unbiased_importances(X[:100], y[:100])
    with pytest.raises(ValueError, match="pass the training set"):
        model.unbiased_importances(X[::-1], y[::-1])
    with pytest.raises(ValueError, match="3 columns"):
        model.unbiased_importances(X[:, :3], y)
    with pytest.raises(ValueError, match="outputs"):
        model.unbiased_importances(X, y == 1)
    with pytest.raises(ValueError, match="bootstrap=True"):
        ExtraTreesClassifier(10).fit(X, y).unbiased_importances(X, y)
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="max_samples"):
        many = RandomForestRegressor(3, max_samples=20 * len(X), random_state=0).fit(X, y)
        many.unbiased_importances(X, y)
