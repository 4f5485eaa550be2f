"""Small fitted models of every estimator, for tests of files. No test lives here.

Rows come from formulas, not from random numbers: they are the same wherever the tests run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import is_classifier

from setpoint.families import estimator_classes

N_ROWS, N_COLUMNS = 40, 4
_PLACES = np.arange(N_ROWS * N_COLUMNS).reshape(N_ROWS, N_COLUMNS)
X = np.round(np.sin(1.7 * _PLACES + 0.3 * _PLACES**1.5), 3)
_SIGNAL = X[:, 0] + X[:, 1] * X[:, 2] - 0.5 * X[:, 3]
NUMBERS = np.round(2 * _SIGNAL, 2)
LABELS = np.array(["ant", "bee", "cat"])[np.searchsorted(np.quantile(_SIGNAL, [0.4, 0.7]), _SIGNAL)]
TWO = (LABELS == "cat").astype(int)

_SMALL: dict[str, dict[str, Any]] = {
    "forest": {"n_estimators": 3, "max_depth": 3, "random_state": 0},
    "network": {"hidden_layer_sizes": (3, 2), "max_iter": 30, "random_state": 0},
    "descent": {"loss": "squared_error", "max_iter": 20, "random_state": 0},
}


def make(name: str, **params: Any) -> Any:
    """A small estimator."""
    kind = estimator_classes()[name]
    return kind(**(_SMALL.get(kind._family, {}) | params))


def target(name: str) -> Any:
    """What an estimator is to learn."""
    if name == "OneClassSVM":
        return None
    return LABELS if is_classifier(estimator_classes()[name]()) else NUMBERS


def fitted(model: Any, rows: Any, y: Any) -> Any:
    """The model, fitted without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(rows, y)


def plain(name: str) -> Any:
    """A fitted model of an estimator's class, with few settings of its own."""
    return fitted(make(name), X, target(name))


def _frame() -> Any:
    from pandas import Categorical, DataFrame

    frame = DataFrame(X, columns=list("abcd"))
    frame["e"] = Categorical(LABELS)
    return frame


def _gram() -> Any:
    return np.exp(-((X[:, None, :] - X[None, :, :]) ** 2).sum(axis=2))


def _partly(model: Any) -> Any:
    return model.partial_fit(X, TWO, classes=[0, 1])


VARIANTS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "categories": (lambda: fitted(make("RandomForestClassifier"), _frame(), LABELS), _frame),
    "several outputs": (
        lambda: fitted(make("ExtraTreesClassifier"), X, np.column_stack([LABELS, TWO])),
        lambda: X,
    ),
    "absolute errors": (
        lambda: fitted(make("RandomForestRegressor", criterion="absolute_error"), X, NUMBERS),
        lambda: X,
    ),
    "several targets": (
        lambda: fitted(make("Ridge"), X.astype(np.float32), np.column_stack([NUMBERS, TWO])),
        lambda: X.astype(np.float32),
    ),
    "two classes": (lambda: fitted(make("LogisticRegression"), X, TWO), lambda: X),
    "to go on": (lambda: _partly(make("SGDClassifier", optimizer="adam", average=True)), lambda: X),
    "normalised": (
        lambda: fitted(make("MLPClassifier", batch_norm=True, dtype="float64"), X, LABELS),
        lambda: X,
    ),
    "early stopping": (
        lambda: fitted(make("MLPRegressor", early_stopping=True), X, NUMBERS),
        lambda: X,
    ),
    "sigmoids": (lambda: fitted(make("SVC", probability="sigmoid"), X, LABELS), lambda: X),
    "isotonic": (lambda: fitted(make("NuSVC", nu=0.2, probability="isotonic"), X, TWO), lambda: X),
    "sparse": (
        lambda: fitted(make("SVC", kernel="poly"), csr_matrix(X), LABELS),
        lambda: csr_matrix(X),
    ),
    "gram": (lambda: fitted(make("SVR", kernel="precomputed"), _gram(), NUMBERS), _gram),
}
"""Models that keep something that a plain one does not, and the rows that they predict."""


def all_models() -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Every class once, and the variants: how to make the model, and its rows."""
    every = {
        name: ((lambda name=name: plain(name)), lambda: X)  # type: ignore[misc]
        for name in estimator_classes()
    }
    return every | VARIANTS
