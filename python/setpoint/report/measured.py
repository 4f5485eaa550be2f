"""Curves that need more training than a search has done: candidates and row counts of one's own.

They are evaluated as one more search, so that what can be shared is shared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier

from setpoint.report.axis import Axis
from setpoint.report.curves import Curve, describe
from setpoint.report.record import Record, metric_of

__all__ = ["learning", "validation"]

_MOST_VALUES = 24


def validation(search: Any, record: Record, name: str, X: Any, y: Any) -> Curve:
    """Scores along one hyperparameter, the others as in the best candidate."""
    axis = record.axis(name)
    values = _spread_out(axis, [v for v in axis.values if name in record.params[record.best]])
    if not values:
        raise ValueError(f"the best candidate does not name {name!r}: it does not apply there")
    best = dict(record.params[record.best])
    candidates = [{**best, name: value} for value in values]
    held_out, training = _scores(search, candidates, X, y, search._checked_cv_orig)
    shown = Axis.of(name, candidates, record.estimator)
    rest = {key: value for key, value in best.items() if key != name}
    of = f"the others as in the best: {describe(rest)}" if rest else ""
    return Curve(shown.coordinates, held_out, training, shown, of)


def learning(search: Any, record: Record, X: Any, y: Any, n_sizes: int = 6) -> Curve:
    """Scores of the best candidate on growing parts of the training rows of each fold."""
    if n_sizes < 2:
        raise ValueError(f"n_sizes must be at least 2, got {n_sizes}")
    classes = is_classifier(search.estimator)
    split = search._checked_cv_orig.split
    folds = [(_nested(train, y, classes), test) for train, test in split(X, y)]
    whole = min(len(train) for train, _ in folds)
    sizes = np.unique(np.geomspace(max(whole / 16, 2), whole, n_sizes).astype(np.int64))
    parts = [(train[:size], test) for size in sizes for train, test in folds]
    held_out, training = _scores(search, [record.params[record.best]], X, y, parts)
    shape = len(sizes), len(folds)
    return Curve(
        sizes.astype(np.float64),
        held_out.reshape(shape),
        training.reshape(shape),
        "training rows",
        describe(record.params[record.best]),
    )


def _scores(
    search: Any, candidates: Sequence[Mapping[str, Any]], X: Any, y: Any, cv: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Held-out and training scores, shape (n_candidates, n_folds) each."""
    from setpoint.tuning.grid import GridSearchCV

    name, _ = metric_of(search)
    again = GridSearchCV(
        clone(search.estimator),
        [{key: [value] for key, value in params.items()} for params in candidates],
        scoring=search.scorer_[name] if search.multimetric_ else search.scoring,
        n_jobs=search.n_jobs,
        cv=cv,
        refit=False,
        return_train_score=True,
    ).fit(X, y)
    record = Record.of_search(again)
    assert record.training is not None
    return record.folds, record.training


def _spread_out(axis: Axis, values: Sequence[Any]) -> list[Any]:
    """Different values in their order on the axis, at most a few and evenly chosen."""
    by_place = {axis.place(value): value for value in values}
    ordered = [by_place[place] for place in sorted(by_place)]
    if len(ordered) <= _MOST_VALUES:
        return ordered
    chosen = np.unique(np.linspace(0, len(ordered) - 1, _MOST_VALUES).astype(np.int64))
    return [ordered[i] for i in chosen]


def _nested(train: NDArray[np.int64], y: Any, classes: bool) -> NDArray[np.int64]:
    """Rows in an order of which every beginning has about the same share of each class."""
    mixed = np.random.default_rng(0).permutation(train)
    if not classes:
        return mixed
    labels = np.asarray(y)[mixed]
    if labels.ndim > 1:
        return mixed
    turn = np.empty(len(mixed))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        turn[own] = np.arange(len(own)) / len(own)
    return mixed[np.argsort(turn, kind="stable")]
