"""One hyperparameter as a search sees it: values, and the coordinates that stand for them.

A coordinate is a number in [0, 1] where values have an order, so that equal steps matter alike, or
the number of a category where they have none. A hyperparameter has one column of coordinates, or
two where it is a range or something else (``Integer(1, 32) | NONE``): which of them, and the
number.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral
from typing import Any

import numpy as np

from setpoint.hyperparameters import Choice, Domain, Flag, Fraction, Integer, Real
from setpoint.hyperparameters.values import is_number, place_of

INACTIVE = math.nan
"""The coordinate of what does not apply."""

MOST_POSITIONS = 1000
"""A range of more whole numbers is searched as if it were continuous, and rounded."""


@dataclass(frozen=True)
class Column:
    """A coordinate: a category, a number among `positions`, or any number in [0, 1]."""

    n_categories: int = 0
    positions: tuple[float, ...] | None = None

    @property
    def coordinates(self) -> tuple[float, ...] | None:
        """All coordinates, or None where they are a continuum."""
        return tuple(map(float, range(self.n_categories))) if self.n_categories else self.positions

    def at(self, share: float) -> float:
        """The coordinate at `share` in [0, 1): the nearest, or one of equally likely categories."""
        if self.n_categories:
            return float(min(int(share * self.n_categories), self.n_categories - 1))
        if self.positions is None:
            return share
        above = bisect(self.positions, share)
        near = self.positions[max(above - 1, 0) : above + 1]
        return min(near, key=lambda position: abs(position - share))


class Dimension(ABC):
    """One hyperparameter.

    Attributes
    ----------
    columns : tuple of Column
        Its coordinates. A second column applies where the first is 0.
    """

    columns: tuple[Column, ...]

    def decode(self, coordinates: Iterable[float]) -> Any:
        """The value at these coordinates, as plain Python."""
        return self._decode([float(coordinate) for coordinate in coordinates])

    def encode(self, value: Any) -> tuple[float, ...]:
        """The coordinates of a value; `ValueError` if it is not one of these values."""
        return self._encode(value)

    @abstractmethod
    def _decode(self, coordinates: Sequence[float]) -> Any: ...

    @abstractmethod
    def _encode(self, value: Any) -> tuple[float, ...]: ...


class Listed(Dimension):
    """Some values: in their order if they are numbers, else categories."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)
        if not self._values:
            raise ValueError("a list of values to search is empty")
        if len(self._values) > 2 and all(is_number(value) for value in self._values):
            # Each once; 1 and 1.0 are two: a count and a share.
            by_kind = {(value, isinstance(value, Integral)): value for value in self._values}
            self._values = sorted(by_kind.values())
            self.columns = (Column(positions=_centres(len(self._values))),)
        else:
            self.columns = (Column(n_categories=len(self._values)),)

    def _decode(self, coordinates: Sequence[float]) -> Any:
        return self._values[_nearest(self.columns[0], coordinates[0])]

    def _encode(self, value: Any) -> tuple[float, ...]:
        place = place_of(value, self._values)
        if place is None:
            raise ValueError(f"{value!r} is not among {self._values}")
        return (_coordinates(self.columns[0])[place],)


class Range(Dimension):
    """Numbers between two bounds, whole or real, evenly or by their logarithm, maybe in steps."""

    def __init__(self, domain: Integer | Real) -> None:
        if domain.low is None or domain.high is None:
            raise ValueError(f"a search needs both bounds of a range, got {domain!r}")
        self._domain = domain
        self._step = 1 if domain.step is None and isinstance(domain, Integer) else domain.step
        low, high = domain.low, domain.high
        self._low, self._n = low, None
        if self._step is not None:
            self._low = low = low if domain.holds_low else self._nth(1)
            self._n = math.floor((high - low) / self._step + 1e-9) + 1
            if self._n > 0 and self._nth(self._n - 1) not in domain:
                self._n -= 1
        if low > high or self._n == 0 or (low == high and domain.closed != "both"):
            raise ValueError(f"no number is {domain}")
        if domain.log and low <= 0:
            raise ValueError(f"log=True needs a lower bound above 0 to search, got {domain!r}")
        # A value owns the positions halfway to its neighbours, the outer ones as well.
        half = 0.0 if self._step is None else self._step / 2
        top = high if self._n is None or self._step is None else low + (self._n - 1) * self._step
        bottom = max(low - half, low / 2) if domain.log else low - half
        self._ends = self._forward(bottom), self._forward(top + half)
        places = None
        if self._n is not None and self._n <= MOST_POSITIONS:
            places = tuple(self._position(self._nth(i)) for i in range(self._n))
        self.columns = (Column(positions=places),)

    def _decode(self, coordinates: Sequence[float]) -> Any:
        position = min(max(coordinates[0], 0.0), 1.0)
        first, last = self._ends
        value = self._backward(first + position * (last - first))
        if self._n is not None and self._step is not None:
            place = round((value - self._low) / self._step)
            return self._nth(min(max(place, 0), self._n - 1))
        return self._inside(value)

    def _encode(self, value: Any) -> tuple[float, ...]:
        if not is_number(value) or value not in self._domain:
            raise ValueError(f"{value!r} is not {self._domain}")
        return (self._position(value),)

    def _forward(self, value: float) -> float:
        return math.log(value) if self._domain.log else float(value)

    def _backward(self, place: float) -> float:
        return math.exp(place) if self._domain.log else place

    def _position(self, value: float) -> float:
        first, last = self._ends
        if first == last:
            return 0.5
        return _settled((self._forward(value) - first) / (last - first))

    def _nth(self, place: int) -> Any:
        if isinstance(self._domain, Integer):
            return int(self._low) + place * int(self._step or 1)
        # In decimals, so that 0.1, 0.2, 0.3 are these and not 0.30000000000000004.
        return float(Decimal(str(self._low)) + place * Decimal(str(self._step)))

    def _inside(self, value: float) -> float:
        low, high = float(self._domain.low or 0.0), float(self._domain.high or 0.0)
        low = low if self._domain.holds_low else math.nextafter(low, math.inf)
        high = high if self._domain.holds_high else math.nextafter(high, -math.inf)
        return min(max(value, low), high)


class Mixed(Dimension):
    """A range, or one of a few other values."""

    def __init__(self, numbers: Range, others: Sequence[Any]) -> None:
        self._numbers, self._others = numbers, list(others)
        self.columns = (Column(n_categories=1 + len(self._others)), *numbers.columns)

    def _decode(self, coordinates: Sequence[float]) -> Any:
        which = round(coordinates[0])
        return self._numbers._decode(coordinates[1:]) if which == 0 else self._others[which - 1]

    def _encode(self, value: Any) -> tuple[float, ...]:
        place = place_of(value, self._others)
        if place is None:
            return 0.0, *self._numbers._encode(value)
        return float(place + 1), INACTIVE


class Distributed(Dimension):
    """A scipy distribution: coordinates are its probabilities."""

    columns = (Column(),)

    def __init__(self, distribution: Any) -> None:
        self._distribution = distribution

    def _decode(self, coordinates: Sequence[float]) -> Any:
        share = min(max(coordinates[0], 1e-12), 1 - 1e-12)
        value = self._distribution.ppf(share)
        return int(value) if _is_discrete(self._distribution) else float(value)

    def _encode(self, value: Any) -> tuple[float, ...]:
        if not is_number(value):
            raise ValueError(f"{value!r} is no number that the distribution draws")
        share = float(self._distribution.cdf(value))
        if _is_discrete(self._distribution):  # the middle of the value's own probability
            share = (share + float(self._distribution.cdf(value - 1))) / 2
        if not 0.0 < share < 1.0:
            raise ValueError(f"{value!r} is not drawn by the distribution")
        return (_settled(share),)


def dimension(values: Any) -> Dimension:
    """The dimension of a domain, a scipy distribution or a list of values.

    Raises
    ------
    TypeError
        If `values` is none of them.
    ValueError
        If a range has no bounds, or a list no values.
    """
    if isinstance(values, Dimension):
        return values
    if isinstance(values, Domain):
        return _of_domain(values)
    if hasattr(values, "ppf") and hasattr(values, "cdf"):
        return Distributed(values)
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return Listed(values)
    raise TypeError(
        "a hyperparameter is searched in a list of values, an Integer, Real or Choice, or a scipy "
        f"distribution with ppf and cdf; got {values!r} ({type(values).__name__})"
    )


def _of_domain(domain: Domain) -> Dimension:
    ranges = [part for part in domain.parts if isinstance(part, Integer | Real)]
    others = [value for part in domain.parts for value in _members(part)]
    if not ranges:
        return Listed(others)
    if len(ranges) > 1:
        raise ValueError(f"a search takes one range of numbers for a hyperparameter, got {domain}")
    return Mixed(Range(ranges[0]), others) if others else Range(ranges[0])


def _members(part: Domain) -> tuple[Any, ...]:
    if isinstance(part, Integer | Real):
        return ()
    if isinstance(part, Choice):
        return part.names
    if isinstance(part, Flag):
        return (False, True)
    if None in part:
        return (None,)
    raise ValueError(f"a search cannot list the values of: {part}")


def whole(low: Any, high: Any, domain: Domain, log: bool) -> Range:
    """The range between two bounds, of whole numbers where the bounds and the domain are whole."""
    kinds = {type(part) for part in domain.parts}
    if Integer in kinds and isinstance(low, int) and isinstance(high, int):
        return Range(Integer(low, high, log=log))
    return Range((Fraction if Fraction in kinds else Real)(float(low), float(high), log=log))


def _settled(coordinate: float) -> float:
    """A coordinate that decoding and encoding does not change: without its last digits."""
    return min(max(round(coordinate, 12), 0.0), 1.0)


def _centres(n: int) -> tuple[float, ...]:
    return tuple((i + 0.5) / n for i in range(n))


def _coordinates(column: Column) -> tuple[float, ...]:
    return column.coordinates or ()


def _nearest(column: Column, coordinate: float) -> int:
    places = _coordinates(column)
    return min(range(len(places)), key=lambda i: abs(places[i] - coordinate))


def _is_discrete(distribution: Any) -> bool:
    return hasattr(getattr(distribution, "dist", distribution), "pmf")
