"""The data as a final step sees it: as it is, or transformed by a fitted prefix, fold by fold.

Nothing is swept or scored here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from setpoint.tuning import scikit
from setpoint.tuning.prefix import Prefix, same, stack
from setpoint.tuning.task import Fold, Rows, Task


@dataclass(frozen=True)
class View:
    """Rows, targets and metadata that reach the final step, and the folds among these rows.

    `folds` has the number of the task's fold for a key. `whole` makes of a fitted final estimator
    what the user's scorer expects: the fitted pipeline. `seconds` is the time that it took.

    `again` are the training rows once more, as the fitted prefix transforms them, if training rows
    are scored and this is not what the prefix was fitted on (`fit_transform` may differ from `fit`
    and then `transform`, and scikit-learn trains on the one and scores the other).
    """

    X: Any
    y: Any
    fit_params: Mapping[str, Any]
    folds: Mapping[int, Fold]
    whole: Callable[[Any], Any]
    seconds: float
    again: Rows | None = None


def views(task: Task, prefix: Prefix, folds: Collection[int]) -> Iterator[View]:
    """One view for these folds where nothing is fitted before the final step, else one for each.

    A fold whose prefix cannot be fitted is left out: the ordinary way meets the same error.
    """
    if prefix.is_empty:
        view = _whole_view(task, prefix.pipeline, folds)
        if view is not None:
            yield view
        return
    for number in folds:
        if task.clock.is_over():
            return
        view = _fold_view(task, prefix.pipeline, number)
        if view is not None:
            yield view


def _whole_view(task: Task, pipeline: Pipeline | None, numbers: Collection[int]) -> View | None:
    folds = {number: task.folds[number] for number in numbers}
    if pipeline is None:
        return View(task.X, task.y, task.fit_params, folds, lambda model: model, 0.0)
    pipeline = clone(pipeline)
    try:
        pipeline.fit(task.X, task.y, **task.fit_params)
    except Exception:
        return None
    X, fit_params = pipeline.steps[-1][1].seen_
    return View(X, task.y, fit_params, folds, _ending(pipeline), 0.0)


def _fold_view(task: Task, pipeline: Pipeline | None, number: int) -> View | None:
    start = time.perf_counter()
    pipeline = clone(pipeline)
    fold = task.folds[number]
    fit_params = scikit.check_method_params(task.X, params=task.fit_params, indices=fold.train)
    X_train, y_train = scikit.safe_split(pipeline, task.X, task.y, fold.train)
    X_test, _ = scikit.safe_split(pipeline, task.X, task.y, fold.test, fold.train)
    try:
        pipeline.fit(X_train, y_train, **fit_params)
        X_test = pipeline.predict(X_test)
        X_again = pipeline.predict(X_train) if task.return_train_score else None
    except Exception:
        return None
    X_fitted, fit_params = pipeline.steps[-1][1].seen_
    tables, origins = [X_fitted, X_test], [fold.train, fold.test]
    if X_again is not None and not same(X_fitted, X_again):
        tables.append(X_again)
        origins.append(fold.train)
    X = reduce(stack, tables)
    origin = np.concatenate(origins)
    if X is None or np.shape(X)[0] != len(origin):
        return None
    parts = np.split(np.arange(len(origin)), np.cumsum([len(rows) for rows in origins])[:-1])
    return View(
        X,
        scikit.safe_indexing(task.y, origin),
        {name: _padded(value, fold.train, origin) for name, value in fit_params.items()},
        {number: Fold(parts[0], parts[1])},
        _ending(pipeline),
        time.perf_counter() - start,
        parts[2] if len(parts) > 2 else None,
    )


def _padded(value: Any, train: Rows, rows: Rows) -> Any:
    # Weights of other rows are never read; the rows are there, so the weights must be too.
    if value is None or np.shape(value) != train.shape:
        return value
    return np.concatenate([np.asarray(value, dtype=np.float64), np.ones(len(rows) - len(train))])


def _ending(pipeline: Pipeline) -> Callable[[Any], Any]:
    def whole(model: Any) -> Any:
        fitted = copy(pipeline)
        fitted.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], model)]
        return fitted

    return whole
