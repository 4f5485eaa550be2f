"""Sets of numbers: intervals of ints, of floats, and the seeds that scikit-learn accepts.

As in scikit-learn an int is any ``numbers.Integral``, a share is a float and no int, and NaN lies
in no interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral
from numbers import Real as RealNumber
from typing import Any, Literal

import numpy as np

from setpoint.hyperparameters.domain import NONE, Domain, Instance

__all__ = ["Amount", "Fraction", "Integer", "Real", "Seed"]

Closed = Literal["left", "right", "both", "neither"]


@dataclass(frozen=True)
class _Interval(Domain):
    """Numbers between `low` and `high`; None is no bound. An infinite value is always out.

    Parameters
    ----------
    low, high : float or None
        The bounds.
    closed : {"left", "right", "both", "neither"}
        Which of the bounds are legal values.
    log : bool
        For a search: equal ratios count alike, not equal differences.
    step : float or None
        Only `low`, `low + step`, ... are legal.
    """

    low: float | None = None
    high: float | None = None
    closed: Closed = "both"
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.log and (self.low is None or self.low < 0 or (self.low == 0 and self.holds_low)):
            raise ValueError(f"log=True needs a lower bound above 0, got low={self.low}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}")
        if self.step is not None and (self.low is None or not self.step > 0):
            raise ValueError(
                f"step must be positive and start from low, got low={self.low}, step={self.step}"
            )

    def holds(self, value: Any) -> bool:
        """Whether the number `value` lies within the bounds."""
        if not isinstance(value, Integral) and math.isnan(value):
            return False
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        above = value >= low if self.holds_low else value > low
        below = value <= high if self.holds_high else value < high
        return bool(above and below and self._on_step(value))

    def _on_step(self, value: Any) -> bool:
        if self.step is None or self.low is None:
            return True
        steps = (value - self.low) / self.step
        return bool(abs(steps - round(steps)) <= 1e-9 * max(1.0, abs(steps)))

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
            return f" {'>=' if self.holds_low else '>'} {_number(self.low)}{self._stride()}"
        left, right = "[" if self.holds_low else "(", "]" if self.holds_high else ")"
        return f" in {left}{_number(self.low)}, {_number(self.high)}{right}{self._stride()}"

    def _stride(self) -> str:
        return "" if self.step is None else f" in steps of {_number(self.step)}"


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
