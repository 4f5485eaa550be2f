"""Support vector machines without a kernel: objectives and gaps, LIBLINEAR as an oracle."""

import numpy as np
import pytest
import sklearn.svm
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

import setpoint
from setpoint import GridSearchCV, LinearSVC, LinearSVR

CLASSES = {
    "newton": {"dual": False},
    "dual": {"dual": True},
    "hinge": {"loss": "hinge"},
    "l1": {"penalty": "l1", "C": 0.05},
    "no constant": {"fit_intercept": False, "C": 10.0},
    "scaled constant": {"intercept_scaling": 5.0},
    "crammer_singer": {"multi_class": "crammer_singer"},
}
NUMBERS = {
    "absolute": {"epsilon": 0.1},
    "newton": {"loss": "squared_epsilon_insensitive", "dual": False, "epsilon": 0.1},
    "dual": {"loss": "squared_epsilon_insensitive", "dual": True},
}
PRECISE = {"tol": 1e-8, "max_iter": 200_000, "random_state": 0}


def classes(k, n=300, d=6):
    rng = np.random.default_rng(k)
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=(d, k)) + rng.normal(size=(n, k))).argmax(axis=1)
    return X, y, rng.random(n) + 0.1


def numbers(n=300, d=5):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=n) + 0.5, rng.random(n) + 0.1


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("name", CLASSES)
def test_classes_as_scikit_learn(name, k, sparse):
    X, y, weight = classes(k)
    params = CLASSES[name] | PRECISE
    # LIBLINEAR's crammer_singer does not get as far.
    close = 1e-3 if name == "crammer_singer" else 1e-5
    params |= {"tol": 1e-5} if name == "crammer_singer" else {}
    rows = csr_array(X) if sparse else X
    ours, theirs = (
        kind(**params).fit(rows, y, sample_weight=weight)
        for kind in (LinearSVC, sklearn.svm.LinearSVC)
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=close)
    np.testing.assert_allclose(
        ours.intercept_, theirs.intercept_ + np.zeros(len(ours.coef_)), atol=close
    )
    got, expected = ours.decision_function(rows), theirs.decision_function(rows)
    np.testing.assert_allclose(got, expected, atol=10 * close)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0}])
@pytest.mark.parametrize("k", [2, 3])
def test_class_weight(k, class_weight):
    X, y, weight = classes(k)
    ours, theirs = (
        kind(class_weight=class_weight, dual=False, tol=1e-8).fit(X, y, sample_weight=weight)
        for kind in (LinearSVC, sklearn.svm.LinearSVC)
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_as_scikit_learn(name):
    X, y, weight = numbers()
    ours, theirs = (
        kind(**NUMBERS[name], **PRECISE).fit(X, y, sample_weight=weight)
        for kind in (LinearSVR, sklearn.svm.LinearSVR)
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)


def objective(model, X, y, weight):
    """What two classes minimise, written down once more."""
    w = np.append(model.coef_[0], model.intercept_[0])
    loss = np.maximum(0, 1 - (2 * y - 1) * (X @ w[:-1] + w[-1]))
    loss = loss if model.loss == "hinge" else loss**2
    size = np.abs(w).sum() if model.penalty == "l1" else 0.5 * w @ w
    return size + model.C * weight @ loss


@pytest.mark.parametrize("name", ["newton", "dual", "hinge", "l1"])
def test_the_gap_bounds_the_distance_to_the_minimum(name):
    X, y, weight = classes(2)
    params = CLASSES[name] | {"random_state": 0}
    least = objective(LinearSVC(**params | PRECISE).fit(X, y, weight), X, y, weight)
    for tol in (1e-1, 1e-2, 1e-4):
        model = LinearSVC(**params, tol=tol, max_iter=100_000).fit(X, y, weight)
        above = objective(model, X, y, weight) - least
        assert -1e-9 * least <= above <= model.dual_gap_[0] + 1e-9 * least


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"penalty": "l1", "loss": "hinge"}, "penalty='l1' and loss='hinge'"),
        ({"penalty": "l1", "dual": True}, "when dual=True"),
        ({"loss": "hinge", "dual": False}, "when dual=False"),
    ],
)
def test_combinations_without_a_solver(params, message):
    X, y, _ = classes(2)
    with pytest.raises(ValueError, match=f"Unsupported set of arguments.*{message}"):
        LinearSVC(**params).fit(X, y)


def test_max_iter_is_honest():
    X, y, _ = classes(2)
    with pytest.warns(ConvergenceWarning, match="after 2 iterations.*StandardScaler"):
        model = LinearSVC(loss="hinge", max_iter=2, random_state=0).fit(X, y)
    assert model.n_iter_ == 2


@pytest.mark.parametrize("name", ["newton", "dual", "hinge", "l1", "crammer_singer"])
def test_a_search_gives_what_each_gets_alone(name):
    X, y, _ = classes(3)
    model = LinearSVC(**CLASSES[name]).set_params(**PRECISE | {"tol": 1e-7})
    grid = {"C": [0.01, 0.1, 1.0]}
    search = GridSearchCV(model, grid, cv=3, scoring="accuracy").fit(X, y)
    assert search.n_fits_ == 9
    alone = LinearSVC(**CLASSES[name]).set_params(**PRECISE | {"tol": 1e-7} | search.best_params_)
    np.testing.assert_allclose(search.best_estimator_.coef_, alone.fit(X, y).coef_, atol=1e-5)


@pytest.mark.parametrize("kind", [LinearSVC, LinearSVR])
def test_saved_models_are_the_same(kind, tmp_path):
    X, y, _ = classes(3)
    model = kind(random_state=0, max_iter=10_000).fit(X, y)
    model.save(tmp_path / "model")
    again = setpoint.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.parameters_["coef"], model.parameters_["coef"])
