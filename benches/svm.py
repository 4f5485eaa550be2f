"""Support vector machines against scikit-learn (LIBSVM) and scikit-learn-intelex, at equal tol.

All keep the offset and stop at LIBSVM's m - M <= 1e-3. Scores are numbers of support vectors of
fits, mean held-out accuracies of searches, and sums of decision values of predictions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import sklearn.svm
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import GridSearchCV as Ordinary

import setpoint
from measure import OURS, THREADS, Work

PEERS = ("scikit-learn-intelex",)
NOTE = (
    "Support vector machines with an RBF kernel at tol = 1e-3, with the offset: "
    f"{THREADS} threads, or {THREADS} processes where scikit-learn searches."
)


@cache
def _made(n: int, d: int, flip: float) -> tuple[Any, Any]:
    X, y = make_classification(n, d, n_informative=d // 4, flip_y=flip, random_state=0)
    return np.ascontiguousarray(X), y


def _kinds() -> Mapping[str, Callable[..., Any]]:
    def ours(**params: Any) -> Any:
        return setpoint.SVC(n_jobs=THREADS, cache_size=2000, **params)

    def theirs(**params: Any) -> Any:
        return sklearn.svm.SVC(cache_size=2000, **params)

    kinds: dict[str, Callable[..., Any]] = {OURS: ours, "scikit-learn": theirs}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from sklearnex.svm import SVC as Intel
    except ImportError:
        return kinds
    return kinds | {"scikit-learn-intelex": lambda **params: Intel(**params)}


def _fit(
    kind: Callable[..., Any], params: Mapping[str, Any], X: Any, y: Any
) -> Callable[[], float]:
    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = kind(**params).fit(X, y)
        return float(len(model.support_))

    return run


def _search(name: str, model: Any, grid: Any, X: Any, y: Any) -> Callable[[], float]:
    search = setpoint.GridSearchCV if name == OURS else Ordinary

    def run() -> float:
        found = search(model, grid, cv=5, refit=False, n_jobs=THREADS).fit(X, y)
        return float(np.mean(found.cv_results_["mean_test_score"]))

    return run


def _predict(model: Any, X: Any) -> Callable[[], float]:
    return lambda: float(model.decision_function(X).sum())


def works(quick: bool) -> Iterator[Work]:
    """The rows of the table."""
    kinds = _kinds()
    n = 2_000 if quick else 10_000
    X, y = _made(n, 40, 0.01)
    for C in (1.0, 10.0):
        ways = {name: _fit(kind, {"C": C}, X, y) for name, kind in kinds.items()}
        yield Work(f"fit {n:,} x 40, C = {C:g}", ways)
    ways = {
        name: _fit(kind, {"probability": True, "random_state": 0}, X, y)
        for name, kind in kinds.items()
    }
    yield Work(f"fit {n:,} x 40 with probabilities", ways)
    some = slice(None, 2_500)
    models = {name: kind(C=1.0).fit(X[some], y[some]) for name, kind in kinds.items()}
    sizes = len(models[OURS].support_)
    ways = {name: _predict(model, X) for name, model in models.items()}
    yield Work(f"decision values, {n:,} rows x {sizes:,} support vectors", ways)
    digits, classes = load_digits(return_X_y=True)
    digits = np.ascontiguousarray(digits)
    points = 2 if quick else 6
    grid = {"C": np.logspace(-1, 3, points), "gamma": np.logspace(-5, -1, points)}
    ways = {name: _search(name, kind(), grid, digits, classes) for name, kind in kinds.items()}
    yield Work(f"digits, {points} C x {points} gamma x 5 folds", ways)
    n, points = (500, 2) if quick else (5_000, 10)
    X, y = _made(n, 20, 0.05)
    grid = {"C": np.logspace(-2, 3, points), "gamma": np.logspace(-3, 0, points)}
    ways = {name: _search(name, kind(), grid, X, y) for name, kind in kinds.items()}
    yield Work(f"{n:,} x 20, {points} C x {points} gamma x 5 folds", ways)
