"""Scikit-learn's result of one candidate on one fold, from the answer of a sweep.

`Scored` takes the scores that the core computed; `Stored` calls the user's scorer on an estimator
made of what the core kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.tuning import scikit, scoring
from setpoint.tuning.prefix import Final
from setpoint.tuning.task import Result, Rows, Task
from setpoint.tuning.view import View

if TYPE_CHECKING:
    from setpoint.estimators.base import SweepData


def _timed(answer: Mapping[str, Any], row: int, column: int, n_test: int) -> Result:
    return {
        "fit_error": None,
        "n_test_samples": n_test,
        "fit_time": float(answer["fit_seconds"][row, column]),
        "score_time": float(answer["score_seconds"][row, column]),
    }


def gave_up(task: Task, scorer: Any, fold: int) -> Result:
    """The result of a training that took longer than it may: that of a failed fit."""
    message = f"training took longer than fit_time_limit={task.fit_time_limit} s"
    if task.error_score == "raise":
        raise TimeoutError(message)
    named = scorer._scorers if isinstance(scorer, scikit.MultimetricScorer) else None
    scores = task.error_score if named is None else dict.fromkeys(named, task.error_score)
    return {
        "fit_error": f"TimeoutError: {message}",
        "n_test_samples": len(task.folds[fold].test),
        "fit_time": task.fit_time_limit,
        "score_time": 0.0,
        "test_scores": scores,
        **({"train_scores": scores} if task.return_train_score else {}),
    }


class Scored:
    """Results of scores that the core computed."""

    def __init__(self, task: Task, scorer: Any, metrics: Mapping[str, str]) -> None:
        self._task = task
        self._multimetric = isinstance(scorer, scikit.MultimetricScorer)
        self._metrics = metrics
        # A metric may be asked for under two names.
        self._columns = {metric: k for k, metric in enumerate(dict.fromkeys(metrics.values()))}
        self.request: dict[str, Any] = {
            "metrics": list(self._columns),
            "keep_models": False,
            "keep_predictions": False,
        }

    def result(
        self, answer: Mapping[str, Any], row: int, column: int, number: int, fold: int
    ) -> Result:
        """Give the result of the answer's candidate `row` on its fold `column`."""
        result = _timed(answer, row, column, len(self._task.folds[fold].test))
        result["test_scores"] = self._named(answer["scores"][row, column])
        if self._task.return_train_score:
            result["train_scores"] = self._named(answer["train_scores"][row, column])
        return result

    def _named(self, scores: Any) -> Any:
        named = {
            name: float(scores[self._columns[metric]]) for name, metric in self._metrics.items()
        }
        return named if self._multimetric else named["score"]


class Stored:
    """Results of a scorer that is called on kept predictions, or on models if it needs more."""

    def __init__(self, task: Task, view: View, final: Final, data: SweepData, scorer: Any) -> None:
        self._task, self._view, self._final, self._data = task, view, final, data
        self._scorer = scorer
        self._by_model = scoring.needs(scorer) == "models"
        self._rows = lru_cache(maxsize=1)(self._load)
        self.request: dict[str, Any] = {
            "metrics": [],
            "keep_models": self._by_model,
            "keep_predictions": not self._by_model,
        }

    def result(
        self, answer: Mapping[str, Any], row: int, column: int, number: int, fold: int
    ) -> Result:
        """Give the result of the answer's candidate `row` on its fold `column`."""
        result = _timed(answer, row, column, len(self._task.folds[fold].test))
        test, train = self._estimators(answer, row, column, number)
        start = time.perf_counter()
        (X, y, params), training = self._rows(fold)
        result["test_scores"] = self._score(test, X, y, params)
        result["score_time"] += time.perf_counter() - start
        if training is not None:
            X, y, params = training
            result["train_scores"] = self._score(train, X, y, params)
        return result

    def _score(self, estimator: Any, X: Any, y: Any, params: Any) -> Any:
        return scikit.score(estimator, X, y, self._scorer, params, self._task.error_score)

    def _estimators(
        self, answer: Mapping[str, Any], row: int, column: int, number: int
    ) -> tuple[Any, Any]:
        params = self._final.members[number]
        if self._by_model:
            model = self._final.estimator._from_model(
                self._data, answer["models"][row][column], params
            )
            return (self._view.whole(model),) * 2

        def stand_in(prediction: Any) -> Any:
            of = self._final.estimator._predictions_as_estimator
            return of(self._data, prediction, params)

        test, train = answer["predictions"][row][column], None
        if self._view.again is not None:
            test, train = np.split(test, [len(test) - len(self._view.again)])
        elif self._task.return_train_score:
            train = answer["train_predictions"][row][column]
        return stand_in(test), None if train is None else stand_in(train)

    def _load(self, fold: int) -> tuple[Any, Any]:
        rows, seen = self._task.folds[fold], self._view.folds[fold]
        test = self._slice(rows.test, seen.test)
        if not self._task.return_train_score:
            return test, None
        again = seen.train if self._view.again is None else self._view.again
        return test, self._slice(rows.train, again)

    def _slice(self, rows: Rows, seen: Rows) -> tuple[Any, Any, Any]:
        """Rows, target and metadata for the scorer.

        A model comes with its prefix and is given the rows of the user; what stands in for a model
        stands in for the final step, and is given the rows that this step sees.
        """
        task = self._task
        params = scikit.check_method_params(task.X, params=task.score_params, indices=rows)
        X = (task.X, rows) if self._by_model else (self._view.X, seen)
        return scikit.safe_indexing(*X), scikit.safe_indexing(task.y, rows), params
