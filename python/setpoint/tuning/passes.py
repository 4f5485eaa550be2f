"""Which candidates one pass of a sweep serves: the parts in which work is kept, sent and lost.

One training serves every candidate that differs from the others in free and cheap hyperparameters
only, and a pass is one training.
Where all candidates train side by side whatever they differ in, so many of them are a pass as fill
the products of one step. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from setpoint.hyperparameters import Hyperparameter
from setpoint.tuning.prefix import Final, key_of, prefixes
from setpoint.tuning.search import Candidate
from setpoint.tuning.task import Board

WIDTH = 32
"""So many candidates that train side by side are one pass."""


def passes(final: Final, numbers: Iterable[int]) -> list[list[int]]:
    """Part these candidates of a final estimator by the pass that serves them."""
    apart = final.estimator._side_by_side
    if not apart:
        return _trainings(final, numbers)
    parts = _parts(final, numbers, lambda name: name == apart)
    return [part[k : k + WIDTH] for part in parts for k in range(0, len(part), WIDTH)]


def trainings(estimator: Any, candidates: Mapping[int, Candidate]) -> list[list[int]]:
    """Part candidates, which come by their numbers, by the training that serves them."""
    alone = dict(candidates)
    parts = []
    for prefix in prefixes(estimator, candidates):
        for final in prefix.finals:
            parts += _trainings(final, final.members)
            for number in final.members:
                del alone[number]
    return parts + [[number] for number in alone]


def _trainings(final: Final, numbers: Iterable[int]) -> list[list[int]]:
    declared = final.estimator.declarations()
    return _parts(
        final, numbers, lambda name: name not in declared or _needs_a_training(declared[name])
    )


def _parts(final: Final, numbers: Iterable[int], tells: Callable[[str], bool]) -> list[list[int]]:
    """Part candidates by their values of the hyperparameters that tell them apart."""
    parts: dict[object, list[int]] = {}
    for number in numbers:
        params = final.members[number]
        key = key_of({name: params[name] for name in params if tells(name)})
        parts.setdefault(key, []).append(number)
    return list(parts.values())


def _needs_a_training(item: Hyperparameter) -> bool:
    return item.cost not in ("free", "cheap")


def open_parts(
    board: Board, numbers: Sequence[int], folds: Iterable[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """What is open, as candidates and the folds that lack all of these."""
    lacking: dict[tuple[int, ...], list[int]] = {}
    for fold in folds:
        missing = tuple(number for number in numbers if board.lacks(number, fold))
        if missing:
            lacking.setdefault(missing, []).append(fold)
    for missing, same in lacking.items():
        yield list(missing), same
