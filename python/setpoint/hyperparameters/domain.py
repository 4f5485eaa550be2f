"""Sets of legal values: membership, text, parsing, and values just outside for the tests.

Domains are joined by ``|``. Membership is scikit-learn's (``sklearn.utils._param_validation``):
an int is any ``numbers.Integral``, a float fraction is no int, NaN lies in no interval.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from numbers import Real as RealNumber
from typing import Any, Literal

import numpy as np

__all__ = [
    "NONE",
    "Amount",
    "ArrayLike",
    "Callback",
    "Choice",
    "Domain",
    "Flag",
    "Fraction",
    "Instance",
    "Integer",
    "Real",
    "Seed",
]

Closed = Literal["left", "right", "both", "neither"]


class Domain(ABC):
    """A set of legal values."""

    @abstractmethod
    def __contains__(self, value: object) -> bool: ...

    def __str__(self) -> str:
        *most, last = self._words()
        return f"{', '.join(most)} or {last}" if most else last

    @abstractmethod
    def _words(self) -> tuple[str, ...]:
        """The alternatives that this domain offers, in words."""

    def __or__(self, other: Domain) -> Domain:
        return _Union((*self.parts, *other.parts))

    @property
    def parts(self) -> tuple[Domain, ...]:
        """The domains that this one is the union of."""
        return (self,)

    @property
    @abstractmethod
    def kind(self) -> str:
        """Short name of the values' type, as in a signature: ``int``, ``float``, ``str``, ..."""

    def plain(self, value: Any) -> Any:
        """The legal `value` as plain Python: NumPy's numbers become Python's."""
        return self._read(value)

    def parse(self, text: str) -> Any:
        """The legal value that `text` writes, as on a command line.

        Raises
        ------
        ValueError
            If there is none.
        """
        for part in self.parts:
            try:
                value = part._read(text)
            except (ValueError, TypeError):
                continue
            if value in part:
                return value
        raise ValueError(f"{text!r} is not {self}")

    def outside(self) -> tuple[object, ...]:
        """Values just beside this domain, for the tests."""
        return tuple(v for part in self.parts for v in part._beside() if v not in self)

    def _read(self, value: Any) -> Any:
        """The plain value of a legal value or of a text."""
        return value

    def _beside(self) -> tuple[object, ...]:
        return ()


@dataclass(frozen=True, repr=False)
class _Union(Domain):
    members: tuple[Domain, ...]

    @property
    def parts(self) -> tuple[Domain, ...]:
        return self.members

    @property
    def kind(self) -> str:
        return " | ".join(dict.fromkeys(part.kind for part in self.members))

    def __contains__(self, value: object) -> bool:
        return any(value in part for part in self.members)

    def _words(self) -> tuple[str, ...]:
        return tuple(word for part in self.members for word in part._words())

    def _read(self, value: Any) -> Any:
        return next((part._read(value) for part in self.members if value in part), value)


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


@dataclass(frozen=True)
class Choice(Domain):
    """A few names."""

    names: tuple[str, ...]
    kind = "str"

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value in self.names

    def _words(self) -> tuple[str, ...]:
        return tuple(f'"{name}"' for name in self.names)

    def _read(self, value: Any) -> str:
        return str(value)

    def _beside(self) -> tuple[object, ...]:
        return ("no such name", self.names[0].upper(), 1.5)


@dataclass(frozen=True)
class Flag(Domain):
    """True or False."""

    kind = "bool"

    def __contains__(self, value: object) -> bool:
        return isinstance(value, bool | np.bool_)

    def _words(self) -> tuple[str, ...]:
        return ("True", "False")

    def _read(self, value: Any) -> Any:
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower())
        return bool(value)

    def _beside(self) -> tuple[object, ...]:
        return ("yes", 3, 0.5)


@dataclass(frozen=True)
class Instance(Domain):
    """Objects of a type."""

    type: type
    text: str

    @property
    def kind(self) -> str:
        """The name of the type."""
        return self.type.__name__

    def __contains__(self, value: object) -> bool:
        return isinstance(value, self.type)

    def _words(self) -> tuple[str, ...]:
        return (self.text,)

    def _beside(self) -> tuple[object, ...]:
        return (object(),)


@dataclass(frozen=True)
class _Nothing(Domain):
    kind = "None"

    def __contains__(self, value: object) -> bool:
        return value is None

    def _words(self) -> tuple[str, ...]:
        return ("None",)

    def _read(self, value: Any) -> Any:
        return None if isinstance(value, str) and value.lower() == "none" else value


@dataclass(frozen=True)
class Callback(Domain):
    """Functions."""

    text: str = "a callable"
    kind = "callable"

    def __contains__(self, value: object) -> bool:
        return callable(value)

    def _words(self) -> tuple[str, ...]:
        return (self.text,)


@dataclass(frozen=True)
class ArrayLike(Domain):
    """Sequences and arrays; what they hold is checked where the data is known."""

    text: str = "an array-like"
    kind = "array-like"

    def __contains__(self, value: object) -> bool:
        sized = any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))
        return sized and not np.isscalar(value)

    def _words(self) -> tuple[str, ...]:
        return (self.text,)

    def _read(self, value: Any) -> Any:
        # A text: comma-separated ints or names in brackets, as in [0,3] or [city,job].
        if not (isinstance(value, str) and value.startswith("[") and value.endswith("]")):
            return value
        items = [item.strip() for item in value[1:-1].split(",") if item.strip()]
        return [int(item) if item.lstrip("+-").isdigit() else item for item in items]

    def _beside(self) -> tuple[object, ...]:
        return (7, 0.5)


def _number(bound: float | None) -> str:
    if bound is None:
        return "-inf"
    return str(int(bound)) if bound == int(bound) else str(bound)


NONE: Domain = _Nothing()
"""The domain of None alone."""


def Seed() -> Domain:
    """What scikit-learn accepts as `random_state`."""
    instance = Instance(np.random.RandomState, "a numpy.random.RandomState")
    return Integer(0, 2**32 - 1) | instance | NONE
