"""Gradient descent: a search on mini-batches, and single fits with one row a step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from sklearn import linear_model as sklearn_linear
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import GridSearchCV as SklearnSearch

import setpoint
from measure import THREADS, Work

PEERS = ()
NOTE = (
    "scikit-learn has no mini-batches: its rows are steps on single rows, as many epochs of them. "
    "The score is the best mean accuracy of the search, or the training accuracy."
)

GRID = {"alpha": [1e-5, 1e-4, 1e-3], "eta0": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]}


def works(quick: bool) -> Iterator[Work]:
    """The works to time."""
    warnings.simplefilter("ignore")
    X, y = load_digits(return_X_y=True)
    X = X / 16
    epochs = 5 if quick else 50
    same = {"learning_rate": "constant", "tol": None, "max_iter": epochs, "random_state": 0}

    def search(kind: Any, model: Any, X: Any = X) -> Callable[[], float]:
        return lambda: float(kind(model, GRID, cv=5, n_jobs=THREADS).fit(X, y).best_score_)

    theirs = search(SklearnSearch, sklearn_linear.SGDClassifier(**same))
    for batch_size in (32, 8, 1):
        ours = setpoint.SGDClassifier(**same, batch_size=batch_size)
        yield Work(
            f"18 settings x 5 folds, digits, {epochs} epochs, batches of {batch_size}",
            {"setpoint": search(setpoint.GridSearchCV, ours), "scikit-learn": theirs},
        )
    singles = X.astype("float32")
    ours = setpoint.SGDClassifier(**same, batch_size=32)
    theirs = sklearn_linear.SGDClassifier(**same)
    yield Work(
        f"18 settings x 5 folds, digits in float32, {epochs} epochs, batches of 32",
        {
            "setpoint": search(setpoint.GridSearchCV, ours, singles),
            "scikit-learn": search(SklearnSearch, theirs, singles),
        },
    )
    for n in (10_000,) if quick else (10_000, 100_000, 1_000_000):
        rows, labels = make_classification(n, 50, n_informative=20, random_state=0)
        for loss in ("hinge", "log_loss"):
            once = {"loss": loss, "max_iter": 5, "tol": None, "random_state": 0, "n_jobs": THREADS}
            kinds = {"setpoint": setpoint, "scikit-learn": sklearn_linear}
            models = {name: kind.SGDClassifier(**once) for name, kind in kinds.items()}
            yield Work(
                f"one fit, {n:,} x 50, {loss}, 5 epochs, one row a step",
                {name: _fit(model, rows, labels) for name, model in models.items()},
            )


def _fit(model: Any, rows: Any, labels: Any) -> Callable[[], Callable[[], float]]:
    def work() -> Callable[[], float]:
        fitted = clone(model).fit(rows, labels)
        return lambda: float(fitted.score(rows, labels))

    return work
