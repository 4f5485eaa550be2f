"""Evaluation by somebody's executor: whole groups (a pass on a fold) are sent, the data once.

There is no scheduler here: where and when a group runs is the executor's business. A group is the
same wherever it runs, so results do not depend on the number of workers or on timing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from setpoint.tuning import ordinary, sweep
from setpoint.tuning.parcel import Parcel, opened
from setpoint.tuning.passes import open_parts, passes
from setpoint.tuning.prefix import prefixes
from setpoint.tuning.search import Candidate, Clock, Progress
from setpoint.tuning.task import Board, Fold, Group, Task

Part = tuple[list[int], int]
"""Numbers of candidates, and of a fold."""


class Workers:
    """Somebody's executor, and what the workers have of one search.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Runs the groups.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._sent: list[tuple[Any, Any]] = []
        self._template: Task | None = None
        self._is_broken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for _, sent in self._sent:
            if isinstance(sent, Parcel):
                sent.remove()

    def evaluate(self, task: Task, board: Board) -> None:
        """Fill in every result that the board lacks, as far as the time goes.

        If the executor breaks (a process of its pool was killed), what is left is evaluated here.
        """
        parts = list(_parts(task, board))
        if parts and not self._is_broken:
            parts = self._send(task, board, parts)
        here = replace(task, progress=Progress(False))
        for part in parts:
            if task.clock.is_over():
                return
            self._keep(task, board, part, work(here, task.folds, *_named(task, part), task.clock))

    def _send(self, task: Task, board: Board, parts: list[Part]) -> list[Part]:
        """Have these parts evaluated by the executor; what is left of them if it broke."""
        if self._template is None:
            task.seed()  # drawn here, and not by each worker
            self._template = _template(task)
        data = self._at_workers(self._template), self._at_workers(task.folds)
        running: dict[Future[Group | None], Part] = {}
        left: list[Part] = []

        def submit(part: Part, *data: Any) -> None:
            future = self._executor.submit(work, *data, *_named(task, part), task.clock)
            running[future] = part

        try:
            for part in parts:
                submit(part, *data)
            while running:
                seconds = task.clock.left()
                if task.clock.is_over():  # what has begun is waited for
                    running = {future: running[future] for future in running if not future.cancel()}
                    seconds = None
                done, _ = wait(running, seconds, return_when=FIRST_COMPLETED)
                for future in done & running.keys():
                    part = running.pop(future)
                    try:
                        group = future.result()
                    except (BrokenExecutor, CancelledError):
                        left.append(part)
                        continue
                    if group is None:  # the worker does not see the files of this machine
                        submit(part, self._template, {part[1]: task.folds[part[1]]})
                    else:
                        self._keep(task, board, part, group)
        except BrokenExecutor:
            left = [part for part in parts if any(board.lacks(n, part[1]) for n in part[0])]
        finally:
            for future in running:
                future.cancel()
        if left:
            self._is_broken = True
            warnings.warn(
                f"The executor broke: was one of its processes killed? {len(left)} of {len(parts)} "
                "groups of evaluations go on in this process.",
                RuntimeWarning,
                stacklevel=2,
            )
        return left

    @staticmethod
    def _keep(task: Task, board: Board, part: Part, group: Group | None) -> None:
        assert group is not None
        board.add(group)
        task.progress.advance(len(part[0]))

    def _at_workers(self, value: Any) -> Any:
        """What to send in the place of this value: it travels to each worker once."""
        for known, sent in self._sent:
            if known is value:
                return sent
        client: Any = getattr(self._executor, "_client", None)  # that of dask's executor
        if hasattr(client, "scatter"):
            sent = client.scatter(value, broadcast=True, hash=False)
        else:
            sent = Parcel(value)
        self._sent.append((value, sent))
        return sent


def _parts(task: Task, board: Board) -> Iterator[Part]:
    """What the board lacks, as passes on a fold; what shares nothing, one by one."""
    alone = dict(enumerate(task.candidates))
    for prefix in prefixes(task.estimator, alone) if task.y is not None else ():
        for final in prefix.finals:
            for numbers, folds in open_parts(board, list(final.members), range(len(task.folds))):
                for own in passes(final, numbers):
                    yield from ((own, fold) for fold in folds)
            for number in final.members:
                del alone[number]
    yield from (([number], fold) for number, fold in board.pending() if number in alone)


def _named(task: Task, part: Part) -> tuple[dict[int, Candidate], int]:
    numbers, fold = part
    return {number: task.candidates[number] for number in numbers}, fold


def _template(task: Task) -> Task:
    """What is the same for all batches."""
    return replace(
        task,
        candidates=(),
        folds=(),
        clock=Clock(None),
        progress=Progress(False),
        n_jobs=1 if task.n_jobs is None else task.n_jobs,
        in_passes=False,
        unfinished=None,
        cache={},
    )


def work(
    template: Any, folds: Any, candidates: Mapping[int, Candidate], fold: int, clock: Clock
) -> Group | None:
    """Evaluate candidates on a fold, in a worker; None if what was sent as a file is not there."""
    try:
        template, folds = opened(template), opened(folds)
    except FileNotFoundError:
        return None
    numbers, rows = list(candidates), folds[fold]
    assert isinstance(template, Task) and isinstance(rows, Fold)
    task = replace(template, candidates=list(candidates.values()), folds=[rows], clock=clock)
    board = Board(len(numbers), 1)
    sweep.evaluate(task, board)
    ordinary.evaluate(task, board)
    results = {
        (numbers[place], fold): row[0]
        for place, row in enumerate(board.results)
        if row[0] is not None
    }
    return Group(results, board.n_fits, board.warnings)
