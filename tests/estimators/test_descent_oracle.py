"""With one row a step, gradient descent is scikit-learn's: the same steps, stops and attributes."""

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.preprocessing import StandardScaler

import setpoint

LOSSES_OF_NUMBERS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
LOSSES_OF_CLASSES = ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {
    "constant, no penalty": {"learning_rate": "constant", "eta0": 0.001, "penalty": None},
    "constant, L2": {"learning_rate": "constant", "eta0": 0.001, "alpha": 0.1},
    "invscaling": {"learning_rate": "invscaling", "eta0": 0.001, "power_t": 0.3},
    "adaptive": {"learning_rate": "adaptive", "eta0": 0.001, "tol": 1e-3, "max_iter": 300},
    "average": {"learning_rate": "constant", "eta0": 0.001, "average": True},
    "average, later": {"learning_rate": "constant", "eta0": 0.001, "average": 500},
    "no intercept": {"learning_rate": "constant", "eta0": 0.001, "fit_intercept": False},
    "a strong penalty": {"learning_rate": "optimal", "alpha": 5.0},
    "until it converges": {
        "learning_rate": "constant",
        "eta0": 0.0005,
        "tol": 1e-3,
        "max_iter": 500,
    },
}
every_setting = pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))


def _scaled(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def _compare(name, X, y, weight=None, **settings):
    given = {"max_iter": 6, "tol": None, "shuffle": False} | settings
    ours = getattr(setpoint, name)(**given).fit(X, y, sample_weight=weight)
    other = getattr(theirs, name)(**given).fit(X, y, sample_weight=weight)
    assert ours.coef_.shape == other.coef_.shape
    assert ours.intercept_.shape == other.intercept_.shape
    size = np.abs(other.coef_).max()
    np.testing.assert_allclose(ours.coef_, other.coef_, rtol=0, atol=1e-8 * size)
    np.testing.assert_allclose(ours.intercept_, other.intercept_, rtol=0, atol=1e-8 * (1 + size))
    assert (ours.n_iter_, ours.t_) == (other.n_iter_, other.t_)
    np.testing.assert_allclose(ours.predict(X[:9]), other.predict(X[:9]), rtol=1e-7)
    return ours, other


@every_setting
@pytest.mark.parametrize("loss", [*LOSSES_OF_CLASSES, *LOSSES_OF_NUMBERS])
def test_two_classes(loss, settings):
    ours, other = _compare("SGDClassifier", *_scaled(load_breast_cancer), loss=loss, **settings)
    X = _scaled(load_breast_cancer)[0]
    assert hasattr(ours, "predict_proba") == hasattr(other, "predict_proba")
    if hasattr(ours, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=1e-7)


@every_setting
@pytest.mark.parametrize("loss", LOSSES_OF_CLASSES)
def test_several_classes(loss, settings):
    X, y = _scaled(load_wine)
    ours, other = _compare("SGDClassifier", X, y, loss=loss, **settings)
    np.testing.assert_allclose(ours.decision_function(X), other.decision_function(X), atol=1e-6)


@every_setting
@pytest.mark.parametrize("loss", LOSSES_OF_NUMBERS)
def test_numbers(loss, settings):
    X, y = _scaled(load_diabetes)
    _compare("SGDRegressor", X, (y - 150) / 80, loss=loss, **settings)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 3.0}])
def test_weights_of_classes_and_rows(class_weight):
    X, y = _scaled(load_breast_cancer)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    settings = {"learning_rate": "constant", "eta0": 0.001, "loss": "log_loss"}
    _compare("SGDClassifier", X, y, weight, class_weight=class_weight, **settings)


def test_parts_of_the_data():
    X, y = _scaled(load_wine)
    settings = {"shuffle": False, "learning_rate": "invscaling", "eta0": 0.01}
    ours, other = setpoint.SGDClassifier(**settings), theirs.SGDClassifier(**settings)
    for rows in np.array_split(np.random.default_rng(0).permutation(len(y)), 7):
        ours.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        other.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    np.testing.assert_allclose(ours.coef_, other.coef_, rtol=1e-8)
    assert ours.t_ == other.t_


def test_begins_with_given_parameters():
    X, y = _scaled(load_diabetes)
    settings = {"shuffle": False, "max_iter": 3, "tol": None, "eta0": 0.001}
    start = {"coef_init": np.arange(10.0), "intercept_init": [5.0]}
    ours = setpoint.SGDRegressor(**settings).fit(X, y, **start)
    other = theirs.SGDRegressor(**settings).fit(X, y, **start)
    np.testing.assert_allclose(ours.coef_, other.coef_, rtol=1e-8)


def test_single_precision_is_kept():
    X, y = _scaled(load_wine)
    ours = setpoint.SGDClassifier(max_iter=3, tol=None, shuffle=False).fit(X.astype(np.float32), y)
    assert ours.coef_.dtype == ours.intercept_.dtype == np.float32


def test_shuffled_rows_learn_as_well():
    X, y = _scaled(load_breast_cancer)
    for loss in LOSSES_OF_CLASSES:
        settings = {"loss": loss, "alpha": 0.01, "learning_rate": "invscaling", "eta0": 0.05}
        ours = setpoint.SGDClassifier(random_state=0, **settings).fit(X, y)
        other = theirs.SGDClassifier(random_state=0, **settings).fit(X, y)
        assert ours.score(X, y) > other.score(X, y) - 0.015
