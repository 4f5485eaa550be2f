"""One hyperparameter, declared once, and the constructors made of declarations.

A class that inherits from `Declared` lists its hyperparameters as typed fields::

    class Forest(Declared):
        max_depth: int | None = hyperparameter(
            default=None, domain=Integer(1) | NONE, meaning="The deepest a tree may grow."
        )

and gets a constructor with those keywords (type checkers see them too), the checks and their
messages, the docstring's section, the default search space and illegal values for the tests.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, dataclass_transform

from setpoint.hyperparameters.domain import Domain

__all__ = [
    "Cost",
    "Declared",
    "Hyperparameter",
    "InvalidHyperparameterError",
    "Search",
    "hyperparameter",
    "variation",
]

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
    """

    grid: tuple[Any, ...]
    low: float | None = None
    high: float | None = None
    scale: Scale = "linear"


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


@dataclass(frozen=True, slots=True)
class _Variation:
    changes: Mapping[str, Any]


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


def variation(*, default: Any, **changes: Any) -> Any:
    """Redeclare an inherited hyperparameter: only what differs."""
    return _Variation({"default": default, **changes})


@dataclass_transform(
    eq_default=False, kw_only_default=True, field_specifiers=(hyperparameter, variation)
)
class Declared:
    """Base of the classes whose constructor is made of their declared hyperparameters."""

    _declarations: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = dict(_own_declarations(cls))
        if own:
            cls._declarations = MappingProxyType({**cls._declarations, **own})
            cls.__init__ = _constructor(cls._declarations)  # type: ignore[method-assign]
        if cls.__doc__ and _SECTION in cls.__doc__:
            section = "\n".join(item.numpydoc() for item in cls._declarations.values())
            cls.__doc__ = inspect.cleandoc(cls.__doc__).replace(_SECTION, section)

    @classmethod
    def declarations(cls) -> Mapping[str, Hyperparameter]:
        """The declared hyperparameters by name, in the order of the constructor."""
        return cls._declarations


_SECTION = "{hyperparameters}"


def _own_declarations(cls: type[Declared]) -> list[tuple[str, Hyperparameter]]:
    own = []
    for name, value in list(vars(cls).items()):
        if isinstance(value, _Variation):
            value = replace(cls._declarations[name], **value.changes)
        elif not isinstance(value, Hyperparameter):
            continue
        declaration = replace(value, name=name)
        declaration.check(declaration.default, cls.__name__)
        setattr(cls, name, declaration)
        own.append((name, declaration))
    return own


def _constructor(declarations: Mapping[str, Hyperparameter]) -> Callable[..., None]:
    """``__init__(self, ...)`` that stores its arguments as given: scikit-learn's convention."""
    defaults = {name: item.default for name, item in declarations.items()}
    positional = [name for name, item in declarations.items() if item.positional]
    kinds = {True: inspect.Parameter.POSITIONAL_OR_KEYWORD, False: inspect.Parameter.KEYWORD_ONLY}
    ordered = sorted(declarations.values(), key=lambda item: not item.positional)
    signature = inspect.Signature(
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(
                inspect.Parameter(item.name, kinds[item.positional], default=item.default)
                for item in ordered
            ),
        ]
    )

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(args) > len(positional):
            raise TypeError(
                f"{type(self).__name__} takes {len(positional)} positional argument(s) "
                f"({', '.join(positional)}), got {len(args)}; give the others by name"
            )
        given = dict(zip(positional, args, strict=False))
        for name in kwargs:
            if name in given:
                raise TypeError(f"{type(self).__name__}: {name} is given twice")
            if name not in defaults:
                raise TypeError(_unknown(type(self).__name__, name, defaults))
        self.__dict__.update(defaults, **given, **kwargs)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


def _unknown(owner: str, name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(known)}."
    return f"{owner} has no hyperparameter {name!r}. {hint}"
