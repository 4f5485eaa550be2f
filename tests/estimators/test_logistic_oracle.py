"""Logistic regression against scikit-learn: the same objective, to 1e-8 of it, or a smaller one."""

import warnings

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.preprocessing import StandardScaler

from setpoint import LogisticRegression


def objective(model, X, y, weight, C, l1_ratio, intercept_scaling=None):
    """C times the summed loss, plus the penalty: in plain NumPy, for either library's model."""
    codes = np.searchsorted(model.classes_, y)
    coef, intercept = np.float64(model.coef_), np.float64(model.intercept_)
    z = X @ coef.T + intercept
    if z.shape[1] == 1:
        z = np.hstack([np.zeros_like(z), z])
    loss = weight @ (logsumexp(z, axis=1) - z[np.arange(len(y)), codes])
    penalised = coef.ravel()
    if intercept_scaling is not None:
        penalised = np.append(penalised, intercept / intercept_scaling)
    penalty = (1 - l1_ratio) / 2 * (penalised**2).sum() + l1_ratio * np.abs(penalised).sum()
    return loss if np.isinf(C) else C * loss + penalty


def problems():
    for load in (load_iris, load_wine, load_breast_cancer):
        X, y = load(return_X_y=True)
        yield load.__name__[5:], StandardScaler().fit_transform(X), y
    X, y = load_digits(return_X_y=True)
    yield "digits", X[:400] / 16, y[:400]


PROBLEMS = list(problems())
every_problem = pytest.mark.parametrize(
    ("X", "y"), [pytest.param(X, y, id=name) for name, X, y in PROBLEMS]
)


def both(X, y, peer, *, C=1.0, l1_ratio=0.0, scaling=None, weight=None, **params):
    """Objectives (ours, scikit-learn's) at tight tolerances."""
    ours = LogisticRegression(C=C, l1_ratio=l1_ratio, tol=1e-9, max_iter=1000, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = Peer(C=C, l1_ratio=l1_ratio, **(params | peer)).fit(X, y, sample_weight=weight)
    ours.fit(X, y, sample_weight=weight)
    rows = np.ones(len(y)) if weight is None else weight
    return [objective(model, X, y, rows, C, l1_ratio, scaling) for model in (ours, peer)]


NEWTON = {"solver": "newton-cholesky", "tol": 1e-10}


@every_problem
@pytest.mark.parametrize("C", [1e-4, 1e-2, 1.0, 100.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_l2(X, y, C, fit_intercept):
    ours, peer = both(X, y, NEWTON, C=C, fit_intercept=fit_intercept)
    assert abs(ours - peer) <= 1e-8 * peer


def test_no_penalty():
    rng = np.random.default_rng(0)
    for k in (2, 3, 5):
        X = rng.normal(size=(500, 4))
        y = (X @ rng.normal(size=(4, k)) + 2 * rng.gumbel(size=(500, k))).argmax(axis=1)
        ours, peer = both(X, y, NEWTON, C=np.inf)
        assert abs(ours - peer) <= 1e-8 * peer


def test_weights():
    _, X, y = PROBLEMS[1]
    weight = np.random.default_rng(0).exponential(size=len(y))
    ours, peer = both(X, y, NEWTON, C=0.1, weight=weight)
    assert abs(ours - peer) <= 1e-8 * peer
    balanced = LogisticRegression(class_weight="balanced", tol=1e-9).fit(X, y, weight)
    theirs = Peer(class_weight="balanced", **NEWTON).fit(X, y, weight)
    np.testing.assert_allclose(balanced.coef_, theirs.coef_, atol=1e-6)


@every_problem
@pytest.mark.parametrize(("C", "l1_ratio"), [(0.02, 1.0), (0.5, 1.0), (0.05, 0.5), (1.0, 0.1)])
def test_l1_and_elastic_net(X, y, C, l1_ratio):
    saga = {"solver": "saga", "tol": 1e-9, "max_iter": 4000, "random_state": 0}
    ours, peer = both(X, y, saga, C=C, l1_ratio=l1_ratio)
    # saga is not always done by then; nothing may be better than ours.
    assert ours <= peer * (1 + 1e-8)
    assert ours >= peer * (1 - 5e-3)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("scaling", [1.0, 10.0])
def test_liblinear(l1_ratio, scaling):
    """Its intercept is penalised."""
    _, X, y = PROBLEMS[2]
    liblinear = {"tol": 1e-10, "max_iter": 10_000, "random_state": 0}
    ours, peer = both(
        X + 0.5,
        y,
        liblinear,
        C=0.1,
        l1_ratio=l1_ratio,
        scaling=scaling,
        solver="liblinear",
        intercept_scaling=scaling,
    )
    assert abs(ours - peer) <= 1e-8 * peer


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3])
def test_no_direction_leads_down(k, l1_ratio):
    """The objective rises along random directions from the optimum."""
    rng = np.random.default_rng(k)
    X = rng.normal(size=(200, 3))
    y = (X @ rng.normal(size=(3, k)) + rng.gumbel(size=(200, k))).argmax(axis=1)
    model = LogisticRegression(C=0.3, l1_ratio=l1_ratio, tol=1e-10, max_iter=500).fit(X, y)
    at = np.hstack([model.coef_, model.intercept_[:, None]]).ravel()

    def value(parameters):
        rows = parameters.reshape(-1, 4)
        model.coef_, model.intercept_ = rows[:, :-1], rows[:, -1]
        return objective(model, X, y, np.ones(200), 0.3, l1_ratio)

    best = value(at)
    for direction in rng.normal(size=(50, at.size)):
        unit = direction / np.linalg.norm(direction)
        assert value(at + 1e-4 * unit) >= best
