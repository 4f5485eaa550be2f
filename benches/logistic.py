"""Logistic regression: fits, a search over C, L1; the objective reached stands beside every time.

All get the same arrays and two threads. scikit-learn's `lbfgs` and `newton-cholesky` (L2), `saga`
and `liblinear` (L1), scikit-learn-intelex and glum, with the tolerances that they come with. What
is compared is the objective: a solver that ends above the best by more than a little was stopped
early, not fast.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.linear_model import LogisticRegressionCV

from measure import OURS, THREADS, Work
from setpoint import GridSearchCV, LogisticRegression

PEERS = ("scikit-learn-intelex", "glum")
NOTE = (
    "Time, and minus the objective (the summed log loss, plus the penalty over C) divided by the "
    "number of rows: the larger the better. Of the searches the score is the accuracy of the "
    "refitted model on all rows."
)
CS = np.logspace(-4, 4, 10)


def _noisy(n: int, d: int, k: int = 2) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    scores = X @ rng.normal(size=(d, k)) * (2 / np.sqrt(d))
    return X, (scores + rng.gumbel(size=(n, k))).argmax(axis=1)


def _reached(coef: Any, intercept: Any, X: Any, y: Any, C: float, l1_ratio: float) -> float:
    z = X @ np.atleast_2d(coef).T + intercept
    z = np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z
    loss = (logsumexp(z, axis=1) - z[np.arange(len(y)), y]).sum()
    penalty = (1 - l1_ratio) / 2 * np.square(coef).sum() + l1_ratio * np.abs(coef).sum()
    return -float(loss + penalty / C) / len(y)


def _fit(model: Any, X: Any, y: Any, C: float, l1_ratio: float) -> Callable[[], Any]:
    def way() -> Callable[[], float]:
        fitted = model.fit(X, y)
        return lambda: _reached(fitted.coef_, fitted.intercept_, X, y, C, l1_ratio)

    return way


def _l2(X: Any, y: Any, C: float = 1.0, **peer: Any) -> dict[str, Any]:
    models: dict[str, Any] = {
        OURS: LogisticRegression(C=C, n_jobs=THREADS),
        "scikit-learn lbfgs": Peer(C=C, **peer),
        "scikit-learn newton-cholesky": Peer(C=C, solver="newton-cholesky"),
    }
    if find_spec("sklearnex"):
        intel = import_module("sklearnex.linear_model")
        models["scikit-learn-intelex"] = intel.LogisticRegression(C=C, **peer)
    return {name: _fit(model, X, y, C, 0.0) for name, model in models.items()}


def _l1(X: Any, y: Any, C: float) -> dict[str, Any]:
    models: dict[str, Any] = {
        OURS: LogisticRegression(C=C, l1_ratio=1.0, n_jobs=THREADS),
        "scikit-learn saga": Peer(C=C, l1_ratio=1.0, solver="saga"),
        "scikit-learn liblinear": Peer(C=C, l1_ratio=1.0, solver="liblinear"),
    }
    if find_spec("glum"):
        strength = 1 / (C * len(y))
        models["glum"] = import_module("glum").GeneralizedLinearRegressor(
            family="binomial", alpha=strength, l1_ratio=1.0, gradient_tol=1e-5
        )
    return {name: _fit(model, X, y, C, 1.0) for name, model in models.items()}


def _searches(X: Any, y: Any) -> dict[str, Any]:
    """Each refits the best C on all rows."""

    def ours() -> float:
        model = LogisticRegression(n_jobs=THREADS)
        grid: dict[str, Any] = {"C": CS}
        return float(GridSearchCV(model, grid, cv=5, n_jobs=THREADS).fit(X, y).score(X, y))

    def theirs(solver: str) -> Callable[[], float]:
        settings = {"cv": 5, "solver": solver, "n_jobs": THREADS, "l1_ratios": (0.0,)}
        model = LogisticRegressionCV(Cs=CS, use_legacy_attributes=False, **settings)
        return lambda: float(model.fit(X, y).score(X, y))

    return {
        OURS: ours,
        "scikit-learn newton-cholesky": theirs("newton-cholesky"),
        "scikit-learn lbfgs": theirs("lbfgs"),
    }


def works(quick: bool) -> Iterator[Work]:
    """The works to time."""
    warnings.simplefilter("ignore")
    n = 20_000 if quick else 200_000
    X, y = _noisy(n, 100)
    yield Work(f"L2, {n:,} x 100", _l2(X, y))
    yield Work(f"L1, {n:,} x 100", _l1(X, y, 1e-3))
    yield Work(f"10 values of C x 5 folds, {n:,} x 100", _searches(X, y))
    digits, labels = load_digits(return_X_y=True)
    for C in (0.01, 1.0):
        yield Work(f"L2, digits, C={C:g}", _l2(digits, labels, C, max_iter=1000))
    for rows in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        X, y = _noisy(rows, 50)
        yield Work(f"L2, {rows:,} x 50", _l2(X, y))
