"""Sets of numbers: intervals of ints, of floats, and the seeds that scikit-learn accepts.

As in scikit-learn an int is any ``numbers.Integral``, a share is a float and no int, and NaN lies
in no interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from numbers import Real as RealNumber
from typing import Any, Literal

import numpy as np

from setpoint.hyperparameters.domain import NONE, Domain, Instance

__all__ = ["Amount", "Fraction", "Integer", "Real", "Seed"]

Closed = Literal["left", "right", "both", "neither"]


@dataclass(frozen=True)
class _Interval(Domain):
    """Numbers between `low` and `high`; None is no bound. An infinite value is always out."""

    low: float | None = None
    high: float | None = None
    closed: Closed = "both"

    def holds(self, value: Any) -> bool:
        """Whether the number `value` lies within the bounds."""
        if not isinstance(value, Integral) and math.isnan(value):
            return False
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        above = value >= low if self.holds_low else value > low
        below = value <= high if self.holds_high else value < high
        return bool(above and below)

    @property
    def holds_low(self) -> bool:
        """Whether the lower bound itself is legal."""
        return self.low is not None and self.closed in ("left", "both")

    @property
    def holds_high(self) -> bool:
        """Whether the upper bound itself is legal."""
        return self.high is not None and self.closed in ("right", "both")

    def _bounds(self) -> str:
        if self.low is None and self.high is None:
            return ""
        if self.high is None:
            return f" {'>=' if self.holds_low else '>'} {_number(self.low)}"
        left, right = "[" if self.holds_low else "(", "]" if self.holds_high else ")"
        return f" in {left}{_number(self.low)}, {_number(self.high)}{right}"


@dataclass(frozen=True)
class Integer(_Interval):
    """Whole numbers."""

    kind = "int"

    def __contains__(self, value: object) -> bool:
        return isinstance(value, Integral) and self.holds(value)

    def _words(self) -> tuple[str, ...]:
        return (f"an int{self._bounds()}",)

    def _read(self, value: Any) -> int:
        return int(value)

    def _beside(self) -> tuple[object, ...]:
        near = [] if self.low is None else [int(self.low) - 1, int(self.low) - 10]
        far = [] if self.high is None else [int(self.high) + 1]
        return (*near, *far, 2.5, "many")


@dataclass(frozen=True)
class Real(_Interval):
    """Real numbers, ints among them."""

    kind = "float"

    def __contains__(self, value: object) -> bool:
        return isinstance(value, RealNumber) and self.holds(value)

    def _words(self) -> tuple[str, ...]:
        return (f"a float{self._bounds()}",)

    def _read(self, value: Any) -> float:
        return float(value)

    def _beside(self) -> tuple[object, ...]:
        near = [] if self.low is None else [self.low - 0.5, float(self.low)]
        far = [math.inf] if self.high is None else [self.high + 0.5, float(self.high)]
        return (*near, *far, math.nan, "much")


@dataclass(frozen=True)
class Fraction(Real):
    """Floats: beside an `Integer`, the type tells a share from a count."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.holds(value)


def Amount(low: int, share: Fraction) -> Domain:
    """A count of at least `low` (int) or a share of the whole (float)."""
    return Integer(low, None, "left") | share


def Seed() -> Domain:
    """What scikit-learn accepts as `random_state`."""
    instance = Instance(np.random.RandomState, "a numpy.random.RandomState")
    return Integer(0, 2**32 - 1) | instance | NONE


def _number(bound: float | None) -> str:
    if bound is None:
        return "-inf"
    return str(int(bound)) if math.isfinite(bound) and bound == int(bound) else str(bound)
