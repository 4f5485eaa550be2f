"""Linear regression against other libraries: fits, and searches over penalties.

Every fit is given the same objective, and the objective reached is shown beside its time; a search
shows the best mean score over the folds. Whatever is not installed is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import sklearn.linear_model as sk
from numpy.typing import NDArray

import setpoint
from measure import OURS, THREADS, Work

PEERS = ("scikit-learn-intelex", "celer", "skglm", "glum")
NOTE = (
    "Dense float64 rows of normal numbers, 30 of the columns matter. Fits: time, minus the "
    "objective reached (the larger the better), and the time as a multiple of setpoint's. "
    "Searches: 5 folds and a fit of the best on all rows, with the best mean R2; scikit-learn's "
    "are RidgeCV, LassoCV and ElasticNetCV, ours is GridSearchCV. What compiles itself at the "
    "first call has had one."
)

Array = NDArray[np.float64]


def _problem(n: int, d: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    b = np.zeros(d)
    b[:30] = rng.normal(size=30)
    return X, X @ b + 3.0 * rng.normal(size=n)


def _fit(
    make: Callable[[], Any], X: Array, y: Array, objective: Callable[[Any, Array], float]
) -> Callable[[], Callable[[], float]]:
    def work() -> Callable[[], float]:
        model = make().fit(X, y)
        return lambda: -objective(model, y - model.predict(X))

    make().fit(X[:50, :5].copy(), y[:50])
    return work


def _search(model: Any, grid: dict[str, list[float]], X: Array, y: Array) -> Callable[[], float]:
    search = setpoint.GridSearchCV(model, grid, cv=5, n_jobs=THREADS)
    return lambda: float(search.fit(X, y).best_score_)


def _dedicated(make: Callable[[], Any], X: Array, y: Array) -> Callable[[], float]:
    """A search class of its own: the score is R2, if need be from mean squared errors."""

    def work() -> float:
        model = make().fit(X, y)
        if hasattr(model, "best_score_"):
            return float(model.best_score_)
        return float(1.0 - model.mse_path_.mean(axis=-1).min() / y.var())

    return work


def _also(ways: dict[str, Callable[[], float]], name: str, module: str, way: Any) -> None:
    if find_spec(module.split(".")[0]):
        ways[name] = way(import_module(module))


def _squares(model: Any, residual: Array) -> float:
    return float(np.mean(residual**2))


def _least_squares(X: Array, y: Array) -> Work:
    ways = {
        OURS: _fit(lambda: setpoint.LinearRegression(n_jobs=THREADS), X, y, _squares),
        "scikit-learn": _fit(sk.LinearRegression, X, y, _squares),
    }
    _also(
        ways,
        "scikit-learn-intelex",
        "sklearnex.linear_model",
        lambda module: _fit(module.LinearRegression, X, y, _squares),
    )
    return Work(f"least squares, {_size(X)}", ways)


def _ridge(X: Array, y: Array) -> Work:
    def objective(model: Any, residual: Array) -> float:
        return float((np.sum(residual**2) + np.sum(model.coef_**2)) / len(y))

    ways = {
        OURS: _fit(setpoint.Ridge, X, y, objective),
        "scikit-learn": _fit(sk.Ridge, X, y, objective),
    }
    _also(
        ways,
        "scikit-learn-intelex",
        "sklearnex.linear_model",
        lambda module: _fit(module.Ridge, X, y, objective),
    )
    _also(
        ways,
        "glum",
        "glum",
        lambda module: _fit(
            lambda: module.GeneralizedLinearRegressor(alpha=1.0 / len(y), l1_ratio=0.0),
            X,
            y,
            objective,
        ),
    )
    return Work(f"ridge, {_size(X)}", ways)


def _lasso(X: Array, y: Array, alpha: float) -> Work:
    def objective(model: Any, residual: Array) -> float:
        return float(np.mean(residual**2) / 2 + alpha * np.abs(model.coef_).sum())

    ways = {
        OURS: _fit(lambda: setpoint.Lasso(alpha, tol=1e-6), X, y, objective),
        "scikit-learn": _fit(lambda: sk.Lasso(alpha, tol=1e-6), X, y, objective),
    }
    for name in ("celer", "skglm"):
        _also(
            ways,
            name,
            name,
            lambda module: _fit(lambda: module.Lasso(alpha, tol=1e-6), X, y, objective),
        )
    return Work(f"lasso, {_size(X)}, alpha {alpha:g}", ways)


def _searches(X: Array, y: Array) -> Iterator[Work]:
    alphas = list(np.logspace(-3, 5, 50))
    ridge = {
        OURS: _search(setpoint.Ridge(), {"alpha": alphas}, X, y),
        "scikit-learn": _dedicated(lambda: sk.RidgeCV(alphas, cv=5), X, y),
    }
    yield Work(f"ridge search, 50 alphas x 5 folds, {_size(X)}", ridge)
    most = float(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y))
    path = list(most * np.logspace(0, -3, 100))
    lasso = {
        OURS: _search(setpoint.Lasso(), {"alpha": path}, X, y),
        "scikit-learn": _dedicated(
            lambda: sk.LassoCV(alphas=path, cv=5, n_jobs=THREADS, precompute=True), X, y
        ),
    }
    yield Work(f"lasso search, 100 alphas x 5 folds, {_size(X)}", lasso)
    ratios = [0.1, 0.5, 0.9]
    grid = {"alpha": path, "l1_ratio": ratios}
    both = {
        OURS: _search(setpoint.ElasticNet(), grid, X, y),
        "scikit-learn": _dedicated(
            lambda: sk.ElasticNetCV(
                alphas=path, l1_ratio=ratios, cv=5, n_jobs=THREADS, precompute=True
            ),
            X,
            y,
        ),
    }
    yield Work(f"elastic net search, 3 l1_ratios x 100 alphas x 5 folds, {_size(X)}", both)


def _size(X: Array) -> str:
    return f"{X.shape[0]:,} x {X.shape[1]:,}"


def works(quick: bool) -> Iterator[Work]:
    """Fits and searches on tall rows, lasso with fewer rows than columns, and growth in rows."""
    X, y = _problem(10_000 if quick else 100_000, 50 if quick else 200)
    yield _least_squares(X, y)
    yield _ridge(X, y)
    yield _lasso(X, y, 0.05)
    yield from _searches(X, y)
    for d in (1_000,) if quick else (1_000, 5_000):
        yield _lasso(*_problem(500, d), 0.2)
    for n in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        X, y = _problem(n, 50)
        yield _least_squares(X, y)
        yield _ridge(X, y)
