"""The evaluation of a batch by sweeps: one call of the core for all candidates that share data.

What cannot be shared is left without a result and goes the ordinary way (`ordinary.py`), so its
errors, warnings and scores are scikit-learn's: other estimators, hyperparameters that are refused,
folds whose training rows lack a class, data that the estimator refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from setpoint import _core
from setpoint.threads import threads
from setpoint.tuning import scikit, scoring
from setpoint.tuning.outcome import Scored, Stored, gave_up
from setpoint.tuning.passes import open_parts, passes
from setpoint.tuning.prefix import Final, key_of, prefixes
from setpoint.tuning.seeds import with_seed
from setpoint.tuning.task import Board, Fold, Group, Rows, Task
from setpoint.tuning.view import View, views

if TYPE_CHECKING:
    from setpoint.estimators.base import SweepData

STORED_BYTES = 2**28
"""Held-out predictions are asked for so many folds at a time that they take about this much."""


def evaluate(task: Task, board: Board) -> None:
    """Fill in the results of all candidates that can share their training."""
    if task.y is None:  # nothing here learns without a target; the ordinary way says so
        return
    open_folds: dict[int, set[int]] = {}
    for number, fold in board.pending():
        open_folds.setdefault(number, set()).add(fold)
    for prefix in prefixes(task.estimator, {n: task.candidates[n] for n in open_folds}):
        members = [number for final in prefix.finals for number in final.members]
        folds = sorted(set().union(*(open_folds[number] for number in members)))
        for view in views(task, prefix, folds):
            for final in prefix.finals:
                sweep = _prepare(task, view, final)
                if sweep is not None:
                    sweep.fill(board)


def _prepare(task: Task, view: View, final: Final) -> Sweep | None:
    if view.fit_params.keys() - {"sample_weight"}:
        return None
    try:
        data = _data(task, view, final)
    except (TypeError, ValueError):
        return None
    return Sweep(task, view, final, data)


def _data(task: Task, view: View, final: Final) -> SweepData:
    """The data as the core takes them: made once for all batches where no prefix changes them."""
    # A clone, because a random state that is drawn from must be as new for the candidates.
    estimator = clone(final.estimator)
    weight = view.fit_params.get("sample_weight")
    if view.fit_params is not task.fit_params:
        own: SweepData = estimator._sweep_data(view.X, view.y, weight)
        return own
    key = type(estimator), key_of(estimator.get_params(deep=False))
    if key not in task.cache:
        # With the estimator, because objects among its hyperparameters are known by their identity.
        task.cache[key] = estimator, estimator._sweep_data(view.X, view.y, weight)
    shared: SweepData = task.cache[key][1]
    return shared


class Sweep:
    """The candidates of one final estimator on one view of the data."""

    def __init__(self, task: Task, view: View, final: Final, data: SweepData) -> None:
        self.task, self.view, self.final, self.data = task, view, final, data
        self.candidates = dict(self._accepted())
        # With routing, the score method may ask for metadata that a scorer would not ask for.
        routed = bool(task.score_params) and scikit.routing_enabled()
        self.scorer = task.scorer if routed else scoring.explicit(task.scorer, final.estimator)

    def _accepted(self) -> Iterator[tuple[int, dict[str, object]]]:
        estimator = self.final.estimator
        for number, params in self.final.members.items():
            seeded = with_seed(estimator, params, self.task.seed)
            try:
                if estimator._sweep_refusal(seeded) is None:
                    yield number, estimator._sweep_candidate(seeded, self.data)
            except (TypeError, ValueError):
                continue

    def fill(self, board: Board) -> None:
        """Fill in the results of the folds that have every class to learn from."""
        folds = {
            number: fold
            for number, fold in self.view.folds.items()
            if scoring.has_every_class(self.data, fold.train) and len(fold.test)
        }
        for numbers, part in self._parts(board, list(folds)):
            self._evaluate(board, numbers, {number: folds[number] for number in part})

    def _parts(self, board: Board, folds: Sequence[int]) -> list[tuple[list[int], list[int]]]:
        """Candidates and folds to evaluate with one call: whatever shares something, or a pass."""
        limited = self.task.fit_time_limit is not None
        parts = list(open_parts(board, list(self.candidates), folds))
        if self.task.in_passes or limited:
            parts = [(own, part) for numbers, part in parts for own in passes(self.final, numbers)]
        if limited:  # a call then ends when its time is over, and should not lose other folds
            parts = [(numbers, [fold]) for numbers, part in parts for fold in part]
        return parts

    def _evaluate(self, board: Board, numbers: list[int], folds: Mapping[int, Fold]) -> None:
        metrics = self._metrics(numbers)
        scored = {} if metrics is None else self._scorable(folds, metrics)
        if metrics is not None:
            self._call(board, numbers, scored, Scored(self.task, self.scorer, metrics))
        stored = Stored(self.task, self.view, self.final, self.data, self.scorer)
        left = {number: fold for number, fold in folds.items() if number not in scored}
        for part in self._portions(len(numbers), left):
            self._call(board, numbers, part, stored)

    def _metrics(self, numbers: Sequence[int]) -> dict[str, str] | None:
        if self.task.score_params or self.view.again is not None:
            return None
        metrics = scoring.core_metrics(self.scorer, self.task.y, self.data)
        if metrics and not scoring.PROBABILISTIC.isdisjoint(metrics.values()):
            return metrics if self._have_probabilities(numbers) else None
        return metrics

    def _have_probabilities(self, numbers: Sequence[int]) -> bool:
        estimator = clone(self.final.estimator)
        own = estimator.get_params(deep=False)
        settings = (own | self.final.members[number] for number in numbers)
        return all(hasattr(estimator.set_params(**each), "predict_proba") for each in settings)

    def _scorable(self, folds: Mapping[int, Fold], metrics: Mapping[str, str]) -> dict[int, Fold]:
        return {
            number: fold
            for number, fold in folds.items()
            if all(
                scoring.leaves_nothing_open(metric, self.data, rows)
                for metric in metrics.values()
                for rows in (fold.test, fold.train)[: 1 + self.task.return_train_score]
            )
        }

    def _portions(self, n: int, folds: Mapping[int, Fold]) -> Iterator[dict[int, Fold]]:
        """Cut the folds into portions whose predictions, or models, are kept at one time."""
        width = sum(self.data.n_classes) or self.data.y.shape[1]
        by_model = scoring.needs(self.scorer) == "models"
        portion: dict[int, Fold] = {}
        rows = 0
        for number, fold in folds.items():
            portion[number] = fold
            rows += len(fold.test) + self.task.return_train_score * len(fold.train)
            if by_model or 8 * width * rows * n >= STORED_BYTES:
                yield portion
                portion, rows = {}, 0
        if portion:
            yield portion

    def _call(
        self, board: Board, numbers: list[int], folds: Mapping[int, Fold], outcome: Scored | Stored
    ) -> None:
        """Sweep these candidates on these folds and let `outcome` make results of the answer."""
        task = self.task
        if not numbers or not folds or task.clock.is_over():
            return
        left, limit = task.clock.left(), task.fit_time_limit
        is_limited = limit is not None and (left is None or limit < left)
        try:
            answer = self._core_sweep(numbers, folds, outcome, limit if is_limited else left)
        except (MemoryError, TypeError, ValueError):
            # Some candidate is illegal for these rows or too large: the others shall share still.
            if len(numbers) > 1:
                half = len(numbers) // 2
                self._call(board, numbers[:half], folds, outcome)
                self._call(board, numbers[half:], folds, outcome)
            return
        seconds = self.view.seconds / len(self.final.members)
        self._keep_refitted(numbers, answer["refitted"])
        group = Group(n_fits=answer["n_fits"], warnings=answer["warnings"])
        cut = []
        for column, fold in enumerate(folds):
            for row, number in enumerate(numbers):
                if not answer["done"][row, column]:
                    cut.append((number, fold))
                    continue
                result = outcome.result(answer, row, column, number, fold)
                result["fit_time"] += seconds
                group.results[number, fold] = result
        board.add(group)
        if cut and is_limited:
            self._cut(board, cut, len(numbers) == 1, folds, outcome)
        elif cut:
            task.clock.stop()  # the core's clock and ours may differ by a moment

    def _cut(
        self,
        board: Board,
        cut: list[tuple[int, int]],
        is_alone: bool,
        folds: Mapping[int, Fold],
        outcome: Scored | Stored,
    ) -> None:
        """Evaluate by themselves what the time of a pass did not suffice for; or give it up."""
        for number, fold in cut:
            if is_alone:
                board.add(Group({(number, fold): gave_up(self.task, self.scorer, fold)}))
            else:
                self._call(board, [number], {fold: folds[fold]}, outcome)

    def _keep_refitted(self, numbers: list[int], models: Sequence[Any]) -> None:
        for number, model in zip(numbers, models, strict=False):  # there may be none
            if model is not None:
                self.task.refitted[number] = self.data, model

    def _predicted(self, fold: Fold) -> Rows:
        again = self.view.again
        return fold.test if again is None else np.concatenate([fold.test, again])

    def _core_sweep(
        self,
        numbers: list[int],
        folds: Mapping[int, Fold],
        outcome: Scored | Stored,
        time_limit: float | None,
    ) -> Mapping[str, Any]:
        data, task = self.data, self.task
        left = task.unfinished
        rows = [Fold(fold.train, self._predicted(fold)) for fold in folds.values()]
        own = getattr(self.final.estimator, "n_jobs", None)
        return _core.sweep(
            self.final.estimator._family,
            data,
            folds=[(fold.train, fold.test) for fold in rows],
            candidates=[self.candidates[number] for number in numbers],
            train_metrics=task.return_train_score and self.view.again is None,
            # The models of a pipeline's last step say nothing of the steps before it.
            refit=task.refit and self.view.X is task.X and len(folds) == len(task.folds),
            n_threads=threads(own if task.n_jobs is None else task.n_jobs),
            time_limit=time_limit,
            progress=task.progress.part(len(numbers) * len(folds)),
            unfinished=None if left is None else left.of(self.final.estimator, data, rows),
            **outcome.request,
        )
