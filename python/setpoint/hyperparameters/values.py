"""When two values of a hyperparameter are one: in a domain, in a space to search, in a report."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from numbers import Real as RealNumber
from typing import Any

import numpy as np

__all__ = ["equal", "is_number", "place_of", "same"]

_FLAGS = (bool, np.bool_)
# NumPy's values are of the kind of Python's, and a derived class of the kind of its base.
_KINDS: tuple[tuple[type | tuple[type, ...], type], ...] = (
    (str, str),
    (_FLAGS, bool),
    (Integral, int),
    (RealNumber, float),
    (tuple, tuple),
)


def is_number(value: Any) -> bool:
    """Whether a value is a real number; True and False are none."""
    return isinstance(value, RealNumber) and not isinstance(value, _FLAGS)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one kind: 1 is neither 1.0 nor True."""
    if one is other:
        return True
    if _kind(one) is not _kind(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    try:
        return bool(one == other)
    except ValueError:  # tables and others that compare cell by cell
        return bool(np.array_equal(one, other))


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same or equal numbers: 1 is 1.0, and not True."""
    return same(one, other) or (is_number(one) and is_number(other) and bool(one == other))


def place_of(value: Any, values: Sequence[Any]) -> int | None:
    """The place of the same value among others, else that of an equal number, else None."""
    for agree in (same, equal):
        for place, known in enumerate(values):
            if agree(value, known):
                return place
    return None


def _kind(value: Any) -> type:
    return next((kind for types, kind in _KINDS if isinstance(value, types)), type(value))
