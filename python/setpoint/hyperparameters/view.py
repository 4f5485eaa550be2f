"""The hyperparameters of one model, as a read-only mapping that prints as a table.

Also their JSON form, for saved models. Declaring and checking are in ``declaration``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from setpoint.hyperparameters.declaration import Hyperparameter
from setpoint.tables import Table

__all__ = ["Hyperparameters"]


class Hyperparameters(Mapping[str, Any]):
    """Names to values, with what their declarations say; read-only.

    Values are read by item or by attribute: ``model.hyperparameters.max_depth``.

    Parameters
    ----------
    owner : str
        The name of the estimator's class.
    declarations : mapping of str to Hyperparameter
        What is declared.
    values : mapping of str to object
        The values; a name left out has its default.
    """

    __slots__ = ("_declarations", "_owner", "_values")
    _declarations: Mapping[str, Hyperparameter]
    _owner: str
    _values: dict[str, Any]

    def __init__(
        self,
        owner: str,
        declarations: Mapping[str, Hyperparameter],
        values: Mapping[str, Any],
    ) -> None:
        defaults = {name: item.default for name, item in declarations.items()}
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_declarations", declarations)
        object.__setattr__(self, "_values", defaults | dict(values))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"{self._owner} has no hyperparameter {name!r}")
        return self._values[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"read-only: use {self._owner}.set_params({name}=...) and fit again")

    def __reduce__(self) -> tuple[Any, ...]:
        return Hyperparameters, (self._owner, dict(self._declarations), self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def declaration(self, name: str) -> Hyperparameter:
        """What is declared of `name`: domain, default, cost, meaning, search space."""
        return self._declarations[name]

    def table(self) -> Table:
        """Name, value, default, domain, cost and meaning of each."""
        rows = [
            (
                name,
                repr(self[name]),
                repr(item.default),
                str(item.domain),
                item.cost,
                item.meaning,
            )
            for name, item in self._declarations.items()
        ]
        headers = ("name", "value", "default", "legal values", "cost", "meaning")
        return Table(headers, rows, f"{self._owner}: {len(rows)} hyperparameters")

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def to_json(self) -> str:
        """All values as JSON.

        Raises
        ------
        ValueError
            If a value has no JSON form, such as a function.
        """
        return json.dumps({name: _encode(name, value) for name, value in self._values.items()})

    @staticmethod
    def values_from_json(text: str, declarations: Mapping[str, Hyperparameter]) -> dict[str, Any]:
        """The values that `to_json` wrote, each checked against its declaration.

        Raises
        ------
        ValueError
            If a name is unknown or a value illegal.
        """
        raw = json.loads(text)
        if not isinstance(raw, dict) or (unknown := raw.keys() - declarations.keys()):
            what = f"unknown names {sorted(unknown)}" if isinstance(raw, dict) else "no JSON object"
            raise ValueError(f"hyperparameters: {what}")
        values = {name: _decode(value) for name, value in raw.items()}
        for name, value in values.items():
            declarations[name].check(value)
        return values


def _encode(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        # JSON knows only text as keys; class labels may be numbers.
        return {"pairs": [[_encode(name, k), _encode(name, v)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_encode(name, item) for item in value]}
    if isinstance(value, list):
        return [_encode(name, item) for item in value]
    raise ValueError(
        f"{name}={value!r} has no JSON form. Set it to a number, a name or a list first: "
        f"set_params({name}=...)"
    )


def _decode(value: Any) -> Any:
    if isinstance(value, dict) and "tuple" in value:
        return tuple(_decode(item) for item in value["tuple"])
    if isinstance(value, dict):
        return {_decode(k): _decode(v) for k, v in value["pairs"]}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value
