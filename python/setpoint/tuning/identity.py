"""What a search is, in words that two processes agree on: a journal is only continued by the same.

Nothing is stored or compared here.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from os import PathLike, fspath
from typing import Any

import joblib
import numpy as np
import scipy.sparse

from setpoint._core import __version__

__all__ = ["describe", "facts_of", "fingerprint"]

_PLAIN = (type(None), bool, int, float, complex, str, bytes)

_LONGEST = 10_000
"""Texts that are longer are cut and end in a fingerprint of the whole."""


_NOT_OF_THE_SEARCH = {
    "executor",
    "fit_time_limit",
    "journal",
    "n_candidates",
    "n_iter",
    "n_jobs",
    "nested_cv",
    "pre_dispatch",
    "refit",
    "stop_under_noise",
    "time_limit",
    "verbose",
}
"""Arguments that change how, how long or where a search runs, and no candidate or score of it."""

_SWITCHES = {"n_jobs", "pre_dispatch", "verbose"}
"""Those of any part of it, an estimator or a step of a pipeline."""


def facts_of(search: Any, X: Any, y: Any, metadata: Mapping[str, Any]) -> dict[str, str]:
    """What a search on a data set is: whatever decides its candidates and their scores.

    How many candidates there are is left out, unless it decides which: a longer search goes on
    where a shorter one ended.
    """
    deciding = search._deciding()
    data = {"X": X, "y": y, **metadata}
    settings = {
        name: value
        for name, value in search.get_params(deep=True).items()
        if name.partition("__")[0] not in _NOT_OF_THE_SEARCH - deciding
        and name.rpartition("__")[2] not in _SWITCHES
    }
    # The innermost first: what differs in a part differs in the whole, and is to be named.
    names = sorted(settings, key=lambda name: (-name.count("__"), name))
    return {
        "version of setpoint": __version__,
        "search": type(search).__name__,
        **{name: "none" if value is None else _table(value) for name, value in data.items()},
        **{name: describe(settings[name]) for name in names},
    }


def describe(value: Any) -> str:
    """The value in words: equal for equal values, in any process; no addresses.

    Objects are described by their class and attributes, functions by their names and a fingerprint
    of their code, arrays and tables by their shape and a fingerprint of their content.
    """
    text = _described(value, ())
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({fingerprint(text)})"


def fingerprint(value: Any) -> str:
    """A short name of what an array, a table or a text holds."""
    return str(joblib.hash(value))[:16]


def _described(value: Any, above: tuple[int, ...]) -> str:
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, _PLAIN):
        return repr(value)
    if id(value) in above:
        return "..."
    inside = (*above, id(value))
    if isinstance(value, Mapping):
        items = (f"{_described(k, inside)}: {_described(v, inside)}" for k, v in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, Set):
        return f"{{{', '.join(sorted(_described(item, inside) for item in value))}}}"
    if isinstance(value, (list, tuple, range)):
        return f"[{', '.join(_described(item, inside) for item in value)}]"
    if _is_table(value):
        return _table(value)
    return _object(value, inside)


def _object(value: Any, inside: tuple[int, ...]) -> str:
    if isinstance(value, functools.partial):
        return _described([value.func, value.args, value.keywords], inside)
    if isinstance(value, types.FunctionType):
        given = [_lasting(item, inside) for item in _given(value)]
        code = _described(_bytecode(value.__code__), inside)
        return f"{_name(value)} of code {fingerprint(f'{code} {given}')}"
    if isinstance(value, (type, types.BuiltinFunctionType, np.ufunc)):
        return _name(value)
    if isinstance(value, types.MethodType):
        return f"{_described(value.__self__, inside)}.{value.__name__}"
    if isinstance(value, PathLike):
        return repr(fspath(value))
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        return f"{_name(type(value))} {fingerprint(value)}"
    if hasattr(value, "get_params") and not isinstance(value, type):
        attributes = value.get_params(deep=False)
        attributes = {name: attributes[name] for name in attributes if name not in _SWITCHES}
    elif hasattr(value, "dist") and hasattr(value, "kwds"):  # a frozen distribution of scipy
        attributes = {"name": value.dist.name, "args": value.args, "kwds": value.kwds}
    else:
        attributes = _attributes(value)
        if not attributes and " at 0x" not in (text := repr(value)):
            return text
    words = (f"{name}={_described(item, inside)}" for name, item in attributes.items())
    return f"{_name(type(value))}({', '.join(words)})"


def _bytecode(code: types.CodeType) -> list[Any]:
    constants = [
        _bytecode(item) if isinstance(item, types.CodeType) else item for item in code.co_consts
    ]
    return [code.co_code, code.co_names, code.co_varnames, constants]


def _given(value: types.FunctionType) -> Iterator[Any]:
    """What a function has from where it was made."""
    yield from value.__defaults__ or ()
    yield from (value.__kwdefaults__ or {}).items()
    for cell in value.__closure__ or ():
        with suppress(ValueError):  # an empty one
            yield cell.cell_contents


def _lasting(value: Any, inside: tuple[int, ...]) -> str:
    """A value in words; of one that may change while the search runs, its class."""
    if isinstance(value, types.ModuleType):
        return _name(value)
    if isinstance(value, tuple):
        return str([_lasting(item, inside) for item in value])
    if isinstance(value, (*_PLAIN, types.FunctionType)) or _is_table(value):
        return _described(value, inside)
    return _name(type(value))


def _attributes(value: Any) -> dict[str, Any]:
    slots = (name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()))
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return found | getattr(value, "__dict__", {})


def _table(value: Any) -> str:
    """The shape of an array, a table or a list, and a fingerprint of its content."""
    return f"{_name(type(value))} of shape {np.shape(value)}, {fingerprint(value)}"


def _is_table(value: Any) -> bool:
    has_cells = hasattr(value, "dtype") or hasattr(value, "columns")
    return scipy.sparse.issparse(value) or (has_cells and hasattr(value, "shape"))


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or getattr(value, "__name__", repr(value)))
