"""Logistic regression: fits, a search over C, L1; the objective reached stands beside every time.

All get the same arrays and two threads. scikit-learn's `lbfgs` and `newton-cholesky` (L2), `saga`
and `liblinear` (L1), scikit-learn-intelex and glum, with the tolerances that they come with. What
is compared is the objective: a solver that ends above the best by more than a little was stopped
early, not fast.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
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
    "Time, and minus the objective (C times the summed log loss, plus the penalty) divided by the "
    "number of rows: the larger the better."
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
    return -float(C * loss + penalty) / len(y)


def _fit(model: Any, X: Any, y: Any, C: float, l1_ratio: float) -> Callable[[], tuple[Any, Any]]:
    def way() -> tuple[Any, Any]:
        fitted = model.fit(X, y)
        return lambda: _reached(fitted.coef_, fitted.intercept_, X, y, C, l1_ratio)

    return way


def _l2(X: Any, y: Any, C: float = 1.0, **peer: Any) -> dict[str, Any]:
    models: dict[str, Any] = {
        OURS: LogisticRegression(C=C, n_jobs=THREADS),
        "scikit-learn lbfgs": Peer(C=C, **peer),
        "scikit-learn newton-cholesky": Peer(C=C, solver="newton-cholesky"),
    }
    if importlib.util.find_spec("sklearnex"):
        from sklearnex.linear_model import LogisticRegression as Intel

        models["scikit-learn-intelex"] = Intel(C=C, **peer)
    return {name: _fit(model, X, y, C, 0.0) for name, model in models.items()}


def _l1(X: Any, y: Any, C: float) -> dict[str, Any]:
    models: dict[str, Any] = {
        OURS: LogisticRegression(C=C, l1_ratio=1.0, n_jobs=THREADS),
        "scikit-learn saga": Peer(C=C, l1_ratio=1.0, solver="saga"),
        "scikit-learn liblinear": Peer(C=C, l1_ratio=1.0, solver="liblinear"),
    }
    if importlib.util.find_spec("glum"):
        from glum import GeneralizedLinearRegressor

        strength = 1 / (C * len(y))
        models["glum"] = GeneralizedLinearRegressor(
            family="binomial", alpha=strength, l1_ratio=1.0, gradient_tol=1e-5
        )
    return {name: _fit(model, X, y, C, 1.0) for name, model in models.items()}
