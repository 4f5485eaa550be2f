"""Which candidates one pass of a sweep serves: the parts in which work is kept, sent and lost.

A pass serves every candidate that differs from the others in free and cheap hyperparameters only.
Where all candidates train side by side whatever they differ in, so many of them are a pass as fill
the products of one step. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from setpoint.hyperparameters import Hyperparameter
from setpoint.tuning.prefix import Final, key_of
from setpoint.tuning.task import Board

WIDTH = 32
"""So many candidates that train side by side are one pass."""


def passes(final: Final, numbers: Iterable[int]) -> list[list[int]]:
    """Part these candidates of a final estimator by the pass that serves them."""
    apart = final.estimator._side_by_side
    declared = final.estimator.declarations()
    parts: dict[object, list[int]] = {}
    for number in numbers:
        params = final.members[number]
        full = (
            name
            for name in params
            if (name == apart if apart else name not in declared or _needs_a_pass(declared[name]))
        )
        parts.setdefault(key_of({name: params[name] for name in full}), []).append(number)
    if not apart:
        return list(parts.values())
    return [part[k : k + WIDTH] for part in parts.values() for k in range(0, len(part), WIDTH)]


def _needs_a_pass(item: Hyperparameter) -> bool:
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
