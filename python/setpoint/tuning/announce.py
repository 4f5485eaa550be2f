"""What `verbose` prints of a sweep: the lines that scikit-learn prints of each fit.

Fits that go the ordinary way print their own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from joblib.logger import short_format_time

from setpoint.tuning.task import Board, Result, Task


def announce(task: Task, board: Board, known: Collection[tuple[int, int]] = ()) -> None:
    """Print a line for each result on the board that is new, if ``verbose`` is 2 or more."""
    if task.verbose < 2:
        return
    for candidate, row in enumerate(board.results):
        for fold, result in enumerate(row):
            if result is not None and (candidate, fold) not in known:
                print(_line(task, candidate, fold, result))


def _line(task: Task, candidate: int, fold: int, result: Result) -> str:
    params = task.candidates[candidate]
    start = f"[CV{_place(task, candidate, fold)}] END "
    said = ", ".join(f"{name}={params[name]}" for name in sorted(params))
    said += ";" if said else ""
    if task.verbose > 2:
        said += _scores(result)
    said += f" total time={short_format_time(result['fit_time'] + result['score_time'])}"
    return start + "." * (80 - len(start) - len(said)) + said


def _place(task: Task, candidate: int, fold: int) -> str:
    if task.verbose <= 2:
        return ""
    place = f" {fold + 1}/{len(task.folds)}"
    return place + f"; {candidate + 1}/{len(task.candidates)}" * (task.verbose > 9)


def _scores(result: Result) -> str:
    test, train = result["test_scores"], result.get("train_scores")
    if not isinstance(test, dict):
        return f", score={_score(test, train)}"
    return "".join(
        f" {name}: {_score(test[name], None if train is None else train[name], always=True)}"
        for name in sorted(test)
    )


def _score(test: float, train: Any, always: bool = False) -> str:
    if train is not None:
        return f"(train={train:.3f}, test={test:.3f})"
    return f"(test={test:.3f})" if always else f"{test:.3f}"
