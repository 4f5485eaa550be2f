"""`Axis`: one hyperparameter as an axis. Numbers go from 0 to 1, evenly or by their logarithm.

Other values (None, names, "not set") have places of their own beyond 1, and the 0 that a logarithm
cannot reach has one below 0. Matplotlib and the page both draw these coordinates, with these ticks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.hyperparameters.values import equal, is_number
from setpoint.tuning.space.default import declaration

__all__ = ["ABSENT", "Axis", "label_of"]

Coordinates = NDArray[np.float64]

LISTED = 12
"""At most so many different numbers have a tick each."""

_GAP = 0.12
_WIDE = 50.0


class _Absent:
    """A hyperparameter that a candidate does not name."""

    def __repr__(self) -> str:
        return "not set"


ABSENT = _Absent()


@dataclass(frozen=True)
class Axis:
    """Where the values of a hyperparameter stand.

    Attributes
    ----------
    name : str
        The hyperparameter.
    values : list
        The value of each candidate, `ABSENT` where it names none.
    numbers : tuple of float
        The different numbers, ascending.
    others : tuple
        The other values; 0 is one of them, the first, where numbers stand by their logarithm.
    log : bool
        Whether numbers stand by their logarithm.
    """

    name: str
    values: list[Any]
    numbers: tuple[float, ...]
    others: tuple[Any, ...]
    log: bool

    @classmethod
    def of(cls, name: str, params: Sequence[Mapping[str, Any]], estimator: Any = None) -> Axis:
        """The axis of a hyperparameter of these candidates."""
        values = [candidate.get(name, ABSENT) for candidate in params]
        numbers = sorted({float(value) for value in values if _has_place(value)})
        others: list[Any] = []
        for value in values:
            if not _has_place(value) and not any(equal(value, known) for known in others):
                others.append(value)
        above = [number for number in numbers if number != 0]
        log = _is_log(name, above, estimator)
        if log and len(above) < len(numbers):
            others.append(0.0)
        others.sort(key=_rank)
        return cls(name, values, tuple(above if log else numbers), tuple(others), log)

    @property
    def label(self) -> str:
        """What stands at the axis."""
        return f"{self.name} (log scale)" if self.log else self.name

    @property
    def is_ordered(self) -> bool:
        """Whether neighbours on the axis are alike."""
        return bool(self.numbers)

    @property
    def has_zero(self) -> bool:
        """Whether 0 stands apart, before the numbers."""
        return bool(self.others) and is_number(self.others[0])

    def among(self, places: Coordinates) -> NDArray[np.bool_]:
        """Which of these coordinates are those of numbers."""
        inside = (places >= 0.0) & (places <= 1.0)
        return inside if self.numbers else np.zeros_like(inside)

    @property
    def n_distinct(self) -> int:
        """How many different values there are."""
        return len(self.numbers) + len(self.others)

    def place(self, value: Any) -> float:
        """The coordinate of a value."""
        if _has_place(value):
            return -self._step if self.has_zero and value == 0 else self._at(float(value))
        which = next(i for i, known in enumerate(self.others) if equal(value, known))
        if not self.numbers:
            return float(which)
        return 1.0 + (which + 1 - self.has_zero) * self._step

    def value(self, coordinate: float) -> float:
        """The number at a coordinate in [0, 1]."""
        low, high = self._ends
        if self.log:
            return float(low * (high / low) ** coordinate)
        return float(low + coordinate * (high - low))

    @property
    def coordinates(self) -> Coordinates:
        """The coordinate of each candidate's value, shape (n,)."""
        return np.array([self.place(value) for value in self.values], dtype=np.float64)

    @property
    def ticks(self) -> tuple[list[float], list[str]]:
        """Where ticks stand and what they say."""
        places = [self.place(value) for value in self._tick_numbers()]
        labels = [label_of(value) for value in self._tick_numbers()]
        places += [self.place(value) for value in self.others]
        return places, labels + [label_of(value) for value in self.others]

    @property
    def limits(self) -> tuple[float, float]:
        """The two ends of the axis, with a margin."""
        ends = [self.place(value) for value in self.others] + [0.0, 1.0] * bool(self.numbers)
        first, last = min(ends), max(ends)
        margin = 0.05 * max(last - first, 1.0)
        return first - margin, last + margin

    def borders(self, centres: Coordinates) -> Coordinates:
        """Borders of cells halfway between their centres, the outer ones at the limits."""
        middles = (centres[1:] + centres[:-1]) / 2
        return np.concatenate([self.limits[:1], middles, self.limits[1:]])

    @property
    def is_listed(self) -> bool:
        """Whether there are few enough values to show each."""
        return self.n_distinct <= LISTED

    @property
    def _step(self) -> float:
        """From one of the other values to the next: as between listed numbers, else a gap."""
        n = len(self.numbers)
        return 1.0 / (n - 1) if 1 < n <= LISTED else _GAP if n > 1 else 1.0

    @property
    def _ends(self) -> tuple[float, float]:
        return self.numbers[0], self.numbers[-1]

    def _at(self, value: float) -> float:
        low, high = self._ends
        if low == high:
            return 0.0
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)

    def _tick_numbers(self) -> list[float]:
        if len(self.numbers) <= LISTED:
            return _spaced(list(self.numbers), self._at)
        low, high = self._ends
        return _decades(low, high) if self.log else _round_numbers(low, high)


def _has_place(value: Any) -> bool:
    """Whether a value has a place among numbers: no bool, no NaN or infinity."""
    return is_number(value) and math.isfinite(float(value))


def label_of(value: Any) -> str:
    """A value in few characters."""
    if _has_place(value):
        number = float(value)
        if number.is_integer() and abs(number) < 1e5:
            return str(int(number))
        return f"{number:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 24 else text[:23] + "…"


def _is_log(name: str, numbers: Sequence[float], estimator: Any) -> bool:
    if len(numbers) < 3 or numbers[0] <= 0:
        return False
    found = None if estimator is None else declaration(estimator, name)
    if found is not None and found.search is not None and found.search.scale == "log":
        return True
    return numbers[-1] / numbers[0] >= _WIDE


def _rank(value: Any) -> tuple[int, str]:
    """Other values in the order in which they stand: 0, None after the numbers, absent last."""
    if is_number(value):
        return -1, ""
    if value is None:
        return 0, ""
    return (2, "") if value is ABSENT else (1, str(value))


def _spaced(numbers: list[float], at: Any) -> list[float]:
    """Those of the ascending numbers whose labels do not run into each other."""
    kept: list[float] = []
    for number in reversed(numbers):
        if not kept or at(kept[-1]) - at(number) >= 0.06:
            kept.append(number)
    return kept[::-1]


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten, with 2 and 5 between them where there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1.0,) if last - first > 3 else (1.0, 3.0) if last - first > 2 else (1.0, 2.0, 5.0)
    step = max(1, (last - first) // 6)
    found = [factor * 10.0**power for power in range(first, last + 1, step) for factor in factors]
    return [number for number in found if low <= number <= high]


def _round_numbers(low: float, high: float) -> list[float]:
    """About six multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + i) * step, 12) for i in range(count)]
