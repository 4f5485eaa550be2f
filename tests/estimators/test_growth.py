"""Out-of-bag estimates, warm start and early stopping."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.metrics import accuracy_score, f1_score, mean_squared_error, r2_score

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
    return load_iris(return_X_y=True) if kind in CLASSIFIERS else load_diabetes(return_X_y=True)


def out_of_bag(model, X):
    """By definition: the mean over the trees that have not drawn the row."""
    total, count = 0, np.zeros(len(X))
    for tree, rows in zip(model.estimators_, model.estimators_samples_, strict=True):
        unseen = ~np.isin(np.arange(len(X)), rows)
        method = tree.predict_proba if hasattr(tree, "predict_proba") else tree.predict
        values = np.asarray(method(X.astype(np.float32)))
        total = total + (values.T * unseen).T
        count += unseen
    return (np.asarray(total).T / np.maximum(count, 1)).T


@each
def test_out_of_bag_estimates_are_those_of_the_trees_that_have_not_seen_the_row(kind):
    X, y = data_for(kind)
    model = kind(40, oob_score=True, **SETTINGS).fit(X, y)
    expected = out_of_bag(model, X)
    if kind in CLASSIFIERS:
        assert np.allclose(model.oob_decision_function_, expected)
        assert model.oob_score_ == accuracy_score(y, expected.argmax(axis=1))
    else:
        assert np.allclose(model.oob_prediction_, expected)
        assert model.oob_score_ == pytest.approx(r2_score(y, expected))


@each
def test_out_of_bag_score_of_ones_own(kind):
    X, y = data_for(kind)
    if kind in CLASSIFIERS:
        model = kind(40, oob_score=lambda t, p: f1_score(t, p, average="macro"), **SETTINGS)
        model.fit(X, y)
        codes = model.oob_decision_function_.argmax(axis=1)
        assert model.oob_score_ == f1_score(y, codes, average="macro")
    else:
        model = kind(40, oob_score=mean_squared_error, **SETTINGS).fit(X, y)
        assert model.oob_score_ == mean_squared_error(y, model.oob_prediction_)


@each
def test_out_of_bag_with_several_outputs(kind):
    X, y = data_for(kind)
    y = np.stack([y > y.mean(), y > 0, y < y.mean()], axis=1) if kind in CLASSIFIERS else (
        np.stack([y, -y], axis=1)
    )  # fmt: skip
    model = kind(40, oob_score=True, **SETTINGS).fit(X, y)
    if kind in CLASSIFIERS:
        assert model.oob_decision_function_.shape == (len(X), 2, 3)
        assert np.allclose(model.oob_decision_function_.sum(axis=1), 1)
    else:
        assert model.oob_prediction_.shape == (len(X), 2)
    assert model.oob_score_ > 0.2


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_out_of_bag_of_several_multiclass_outputs_is_refused(kind):
    X, y = data_for(kind)
    with pytest.raises(ValueError, match=r"Got multiclass-multioutput.*one estimator for each"):
        kind(oob_score=True, **SETTINGS).fit(X, np.stack([y, y], axis=1))


@each
def test_too_few_trees_for_an_out_of_bag_score_warns(kind):
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        kind(2, oob_score=True, **SETTINGS).fit(*data_for(kind))


@each
def test_drawn_rows(kind):
    X, y = data_for(kind)
    model = kind(3, max_samples=0.5, **SETTINGS).fit(X, y)
    for rows in model.estimators_samples_:
        assert len(rows) == len(X) // 2
        assert rows.dtype == np.int32
    weight = np.zeros(len(X))
    weight[:60] = 1
    model = kind(3, **SETTINGS).fit(X, y, sample_weight=weight)
    assert all((rows < 60).all() and len(rows) == len(X) for rows in model.estimators_samples_)
    whole = kind(3, bootstrap=False).fit(X, y)
    assert all((rows == np.arange(len(X))).all() for rows in whole.estimators_samples_)


@each
@pytest.mark.parametrize("bootstrap", [True, False])
def test_warm_start_is_the_same_as_all_at_once(kind, bootstrap):
    X, y = data_for(kind)
    whole = kind(12, random_state=0, bootstrap=bootstrap).fit(X, y)
    model = kind(5, random_state=0, bootstrap=bootstrap, warm_start=True).fit(X, y)
    assert len(model.set_params(n_estimators=12).fit(X, y).estimators_) == 12
    assert np.array_equal(model.apply(X), whole.apply(X))
    assert np.array_equal(model.predict(X), whole.predict(X))
    for a, b in zip(model.estimators_samples_, whole.estimators_samples_, strict=True):
        assert np.array_equal(a, b)


@each
@pytest.mark.parametrize("at_first", [True, False])
def test_warm_start_and_out_of_bag(kind, at_first):
    X, y = data_for(kind)
    whole = kind(40, oob_score=True, **SETTINGS).fit(X, y)
    model = kind(20, warm_start=True, **SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.set_params(oob_score=at_first).fit(X, y)
    assert hasattr(model, "oob_score_") == at_first
    model.set_params(n_estimators=40, oob_score=True).fit(X, y)
    name = "oob_decision_function_" if kind in CLASSIFIERS else "oob_prediction_"
    assert np.allclose(getattr(model, name), getattr(whole, name), rtol=1e-12)
    assert model.oob_score_ == pytest.approx(whole.oob_score_)


@each
def test_warm_start_without_more_trees_warns(kind):
    X, y = data_for(kind)
    model = kind(4, warm_start=True, **SETTINGS).fit(X, y)
    before = model.predict(X)
    with pytest.warns(UserWarning, match="Warm-start fitting without increasing n_estimators"):
        model.fit(X, y)
    assert np.array_equal(model.predict(X), before)
    with pytest.raises(ValueError, match="n_estimators=2 must be larger or equal"):
        model.set_params(n_estimators=2).fit(X, y)
    assert len(model.estimators_) == 4


@each
def test_warm_start_on_other_columns_or_classes_is_refused(kind):
    X, y = data_for(kind)
    model = kind(4, warm_start=True, **SETTINGS).fit(X, y)
    model.set_params(n_estimators=6)
    with pytest.raises(ValueError, match="warm_start=True adds trees to a forest grown on other"):
        model.fit(X[:, :2], y)
    if kind in CLASSIFIERS:
        with pytest.raises(ValueError, match="grown on other classes"):
            model.fit(X, y + 1)
    assert len(model.fit(X, y).estimators_) == 6


@each
def test_warm_start_without_a_seed_grows_different_trees(kind):
    X, y = data_for(kind)
    model = kind(3, warm_start=True, max_features=2).fit(X, y)
    model.set_params(n_estimators=6).fit(X, y)
    leaves = model.apply(X)
    assert len({tuple(column) for column in leaves.T}) == 6


@each
def test_early_stopping_stops_when_the_score_no_longer_improves(kind):
    X, y = data_for(kind)
    settings = {"early_stopping": True, "n_iter_no_change": 5, "oob_score": True}
    model = kind(400, tol=0.001, **settings, **SETTINGS).fit(X, y)
    scores = model.validation_score_
    assert 5 < model.n_iter_ < 400
    assert len(model.estimators_) == model.n_iter_ == 5 * len(scores)
    # Every look but the last was an improvement over the best so far.
    assert (np.diff(scores)[:-1] > 0.001).all()
    assert scores[-1] <= scores[-2] + 0.001
    whole = kind(model.n_iter_, **SETTINGS).fit(X, y)
    assert np.array_equal(model.predict(X), whole.predict(X))


@each
def test_early_stopping_ends_at_n_estimators(kind):
    X, y = data_for(kind)
    model = kind(13, early_stopping=True, n_iter_no_change=10, tol=0.0, **SETTINGS).fit(X, y)
    assert model.n_iter_ in (10, 13)
    one = kind(13, early_stopping=True, n_iter_no_change=50, **SETTINGS).fit(X, y)
    assert one.n_iter_ == 13
    assert not hasattr(one, "oob_score_")


def test_early_stopping_saves_trees_and_no_accuracy():
    X, y = make_classification(600, n_informative=8, random_state=0)
    settings = {"random_state": 0, "oob_score": True}
    short = RandomForestClassifier(500, early_stopping=True, **settings).fit(X, y)
    long = RandomForestClassifier(500, **settings).fit(X, y)
    assert short.n_iter_ < 250
    assert short.oob_score_ > long.oob_score_ - 0.03
