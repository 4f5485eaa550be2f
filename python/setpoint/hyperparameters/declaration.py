"""One hyperparameter, declared once: the single source of all that is said about it.

How classes are made of declarations is in ``declared``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

from setpoint.hyperparameters.domain import Domain

__all__ = ["Cost", "Hyperparameter", "InvalidHyperparameterError", "Search", "hyperparameter"]

Cost = Literal["free", "cheap", "full", "none"]
"""What one more value costs in a sweep: next to nothing, a warm continuation, a training of its
own; `none`: a switch of the run that changes no model, such as `n_jobs`."""

Scale = Literal["linear", "log"]


class InvalidHyperparameterError(ValueError, TypeError):
    """A hyperparameter lies outside its domain (both errors, as scikit-learn's own)."""


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search looks unless told otherwise.

    Parameters
    ----------
    grid : tuple
        The values of a grid search.
    low, high : float or None
        The range of random and Bayesian search; None: draw from `grid`.
    scale : {"linear", "log"}
        How that range is spaced.
    when : tuple of (str, object) or None
        The name and value of another hyperparameter without which there is nothing to search.
    """

    grid: tuple[Any, ...]
    low: float | None = None
    high: float | None = None
    scale: Scale = "linear"
    when: tuple[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """Declaration of one hyperparameter: the single source of all that is said about it."""

    name: str
    default: Any
    domain: Domain
    meaning: str
    cost: Cost
    search: Search | None
    positional: bool

    def check(self, value: Any, owner: str = "") -> Any:
        """`value` as plain Python, if it is legal.

        Raises
        ------
        InvalidHyperparameterError
            Naming the hyperparameter, what was given, what is allowed and a remedy.
        """
        if value in self.domain:
            return self.domain.plain(value)
        where = f"{owner}: " if owner else ""
        given = f"{value!r} ({type(value).__name__})"
        raise InvalidHyperparameterError(
            f"{where}{self.name} must be {self.domain}, got {given}. {self._remedy(value)}"
        )

    def parse(self, text: str) -> Any:
        """The legal value that `text` writes, as on a command line."""
        try:
            return self.domain.parse(text.strip())
        except ValueError:
            message = f"{self.name} must be {self.domain}, got {text!r}. {self._remedy(text)}"
            raise InvalidHyperparameterError(message) from None

    def illegal(self) -> tuple[object, ...]:
        """Values that `check` refuses: the tests try them all."""
        candidates = (*self.domain.outside(), object(), "no such value", b"bytes")
        return tuple(value for value in candidates if value not in self.domain)

    def numpydoc(self) -> str:
        """The entry of this hyperparameter in a docstring's section."""
        return f"{self.name} : {self.domain}, default={self.default!r}\n    {self.meaning}"

    def _remedy(self, value: Any) -> str:
        if isinstance(value, float) and value.is_integer() and int(value) in self.domain:
            return f"Did you mean {self.name}={int(value)}?"
        if isinstance(value, str):
            try:
                return f"Did you mean {self.name}={self.domain.parse(value.strip().lower())!r}?"
            except ValueError:
                names = [n for part in self.domain.parts for n in getattr(part, "names", ())]
            if close := difflib.get_close_matches(value.lower(), names, n=1):
                return f"Did you mean {self.name}={close[0]!r}?"
        return f"Leave it out for the default, {self.name}={self.default!r}."


def hyperparameter(
    *,
    default: Any,
    domain: Domain,
    meaning: str,
    cost: Cost = "full",
    search: Search | None = None,
    kw_only: bool = True,
) -> Any:
    """Declare a hyperparameter: the value of a typed field of a `Declared` class.

    Parameters
    ----------
    default : object
        A plain value.
    domain : Domain
        The legal values.
    meaning : str
        One sentence.
    cost : {"free", "cheap", "full", "none"}
        What one more value costs in a sweep.
    search : Search or None
        The default search space; None: not searched unless asked for.
    kw_only : bool
        Whether the constructor takes it by keyword only.
    """
    return Hyperparameter(
        name="",
        default=default,
        domain=domain,
        meaning=meaning,
        cost=cost,
        search=search,
        positional=not kw_only,
    )
