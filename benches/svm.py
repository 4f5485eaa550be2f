"""Support vector machines against scikit-learn (LIBSVM) and scikit-learn-intelex, at equal tol.

All keep the offset and stop at LIBSVM's m - M <= 1e-3. Scores: of fits the dual objective per row,
computed in float64 by one function for all; with probabilities minus the log loss of rows not seen;
of searches the best mean held-out accuracy; of predictions the mean size of decision values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import sklearn.svm
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV as Ordinary
from sklearn.model_selection import StratifiedKFold

import setpoint
from measure import OURS, THREADS, Work

PEERS = ("scikit-learn-intelex",)
NOTE = (
    "Support vector machines with an RBF kernel at tol = 1e-3, with the offset: "
    f"{THREADS} threads, or {THREADS} processes where scikit-learn searches. Scores are dual "
    "objectives per row, minus log losses of rows not seen, mean sizes of decision values and best "
    "accuracies. A search of one of five folds is a part of the work that the next row is."
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


def _fit(kind: Callable[..., Any], C: float, X: Any, y: Any) -> Callable[[], Callable[[], float]]:
    gamma = 1.0 / (X.shape[1] * X.var())

    def run() -> Callable[[], float]:
        model = kind(C=C, gamma=gamma).fit(X, y)
        return lambda: _objective(model, gamma) / len(X)

    return run


def _fit_probabilities(
    kind: Callable[..., Any], train: tuple[Any, Any], test: tuple[Any, Any]
) -> Callable[[], Callable[[], float]]:
    def run() -> Callable[[], float]:
        model = kind(probability=True, random_state=0).fit(*train)
        return lambda: -float(log_loss(test[1], model.predict_proba(test[0])))

    return run


def _objective(model: Any, gamma: float) -> float:
    """sum |b| - 1/2 b'Kb of the dual coefficients b."""
    b, K = model.dual_coef_[0], rbf_kernel(model.support_vectors_, gamma=gamma)
    return float(np.abs(b).sum() - 0.5 * b @ K @ b)


def _search(name: str, model: Any, grid: Any, X: Any, y: Any, cv: Any = 5) -> Callable[[], float]:
    search = setpoint.GridSearchCV if name == OURS else Ordinary

    def run() -> float:
        found = search(model, grid, cv=cv, refit=False, n_jobs=THREADS).fit(X, y)
        return float(np.max(found.cv_results_["mean_test_score"]))

    return run


def _predict(model: Any, X: Any) -> Callable[[], float]:
    return lambda: float(np.abs(model.decision_function(X)).mean())


def works(quick: bool) -> Iterator[Work]:
    """The rows of the table."""
    kinds = _kinds()
    n = 2_000 if quick else 10_000
    every_X, every_y = _made(n + 2_000, 40, 0.01)
    X, y, unseen = every_X[:n], every_y[:n], (every_X[n:], every_y[n:])
    for C in (1.0, 10.0):
        yield Work(f"fit {n:,} x 40, C = {C:g}", {k: _fit(kinds[k], C, X, y) for k in kinds})
    ways = {name: _fit_probabilities(kind, (X, y), unseen) for name, kind in kinds.items()}
    yield Work(f"fit {n:,} x 40 with probabilities", ways)
    models = {name: kind(C=1.0).fit(X[:2_500], y[:2_500]) for name, kind in kinds.items()}
    sizes = len(models[OURS].support_)
    predictions = {name: _predict(model, X) for name, model in models.items()}
    yield Work(f"decision values, {n:,} rows x {sizes:,} support vectors", predictions)
    digits, classes = load_digits(return_X_y=True)
    digits = np.ascontiguousarray(digits)
    points = 2 if quick else 6
    grid = {"C": np.logspace(-1, 3, points), "gamma": np.logspace(-5, -1, points)}
    searches = {name: _search(name, kind(), grid, digits, classes) for name, kind in kinds.items()}
    yield Work(f"digits, {points} C x {points} gamma x 5 folds", searches)
    n, points = (500, 2) if quick else (5_000, 10)
    X, y = _made(n, 20, 0.05)
    grid = {"C": np.logspace(-2, 3, points), "gamma": np.logspace(-3, 0, points)}
    one = [next(StratifiedKFold(5).split(X, y))]
    searches = {name: _search(name, kind(), grid, X, y, one) for name, kind in kinds.items()}
    yield Work(f"{n:,} x 20, {points} C x {points} gamma, one of 5 folds", searches)
    searches = {name: _search(name, kind(), grid, X, y) for name, kind in kinds.items()}
    yield Work(f"{n:,} x 20, {points} C x {points} gamma x 5 folds", searches)
