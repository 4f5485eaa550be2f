"""Sets of legal values: membership, text, parsing, and values just outside for the tests.

Domains are joined by ``|``. Membership is scikit-learn's (``sklearn.utils._param_validation``).
Sets of numbers are in ``numeric``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from setpoint.hyperparameters.values import same

__all__ = ["NONE", "ArrayLike", "Callback", "Choice", "Domain", "Flag", "Instance"]


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
class Choice(Domain):
    """A few values: names, or in a space to search also numbers, None or objects."""

    names: tuple[Any, ...]

    def __init__(self, *names: Any) -> None:
        if not names:
            raise ValueError("Choice needs at least one value: Choice('linear', 'rbf')")
        object.__setattr__(self, "names", names)

    @property
    def kind(self) -> str:
        """The types of the values."""
        kinds = ("None" if name is None else type(name).__name__ for name in self.names)
        return " | ".join(dict.fromkeys(kinds))

    def __contains__(self, value: object) -> bool:
        return any(same(value, name) for name in self.names)

    def _words(self) -> tuple[str, ...]:
        return tuple(f'"{name}"' if isinstance(name, str) else repr(name) for name in self.names)

    def _read(self, value: Any) -> Any:
        known = (name for name in self.names if same(value, name))
        written = (name for name in self.names if isinstance(value, str) and str(name) == value)
        return next(known, next(written, value))

    def _beside(self) -> tuple[object, ...]:
        first = self.names[0]
        return ("no such name", *((first.upper(),) if isinstance(first, str) else ()), 1.5)


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


NONE: Domain = _Nothing()
"""The domain of None alone."""
