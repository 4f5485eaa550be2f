"""Classes whose constructors are made of their declared hyperparameters.

A class that inherits from `Declared` lists its hyperparameters as typed fields::

    class Forest(Declared):
        max_depth: int | None = hyperparameter(
            default=None, domain=Integer(1) | NONE, meaning="The deepest a tree may grow."
        )

and gets a constructor with those keywords (type checkers see them too) and the docstring's section.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, dataclass_transform

from setpoint.hyperparameters.declaration import Hyperparameter, hyperparameter

__all__ = ["Declared", "variation"]


@dataclass(frozen=True, slots=True)
class _Variation:
    changes: Mapping[str, Any]


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
            known = {**cls._declarations, **own}
            ordered = sorted(known.items(), key=lambda entry: not entry[1].positional)
            cls._declarations = MappingProxyType(dict(ordered))
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
    signature = inspect.Signature(
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(
                inspect.Parameter(item.name, kinds[item.positional], default=item.default)
                for item in declarations.values()
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
