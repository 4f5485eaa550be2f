"""Parameters as data: what a model learned, as named, shaped, read-only arrays.

What is set before training is in ``setpoint.hyperparameters``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.tables import Table

__all__ = ["Layout", "Parameters"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Shape and type of an array that is not made yet."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Its memory in bytes."""
        return self.size * self.dtype.itemsize


class Parameters(Mapping[str, NDArray[Any]]):
    """Names to read-only arrays; prints as a table of shapes and counts.

    Parameters
    ----------
    owner : str
        The name of the estimator's class.
    arrays : mapping of str to ndarray, or callable() -> mapping
        The learned arrays; views of them are handed out, not copies. A function is called when
        an array is first read: the table needs only the layouts.
    meanings : mapping of str to str
        One sentence for each name.
    layouts : mapping of str to Layout or None
        Shapes and types of the arrays that a function will make.
    """

    __slots__ = ("_arrays", "_layouts", "_make", "_meanings", "_owner")

    def __init__(
        self,
        owner: str,
        arrays: Mapping[str, NDArray[Any]] | Callable[[], Mapping[str, NDArray[Any]]],
        meanings: Mapping[str, str],
        layouts: Mapping[str, Layout] | None = None,
    ) -> None:
        made = arrays() if callable(arrays) and layouts is None else arrays
        self._owner = owner
        self._make = made if callable(made) else (lambda: made)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._layouts: dict[str, Layout] = (
            {name: Layout(array.shape, array.dtype) for name, array in made.items()}
            if not callable(made)
            else dict(layouts or {})
        )
        self._meanings = dict(meanings)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._layouts:
            raise KeyError(name)
        if not self._arrays:
            self._arrays = {key: _read_only(array) for key, array in self._make().items()}
        return self._arrays[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters, (self._owner, dict(self), self._meanings)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)

    def __len__(self) -> int:
        return len(self._layouts)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array."""
        return {name: layout.shape for name, layout in self._layouts.items()}

    @property
    def total(self) -> int:
        """How many numbers there are in all arrays together."""
        return sum(layout.size for layout in self._layouts.values())

    @property
    def nbytes(self) -> int:
        """The memory of all arrays together, in bytes."""
        return sum(layout.nbytes for layout in self._layouts.values())

    def table(self) -> Table:
        """Name, shape, type, count and meaning of each array."""
        rows = [
            (
                name,
                " x ".join(map(str, layout.shape)),
                str(layout.dtype),
                f"{layout.size:,}",
                self._meanings.get(name, ""),
            )
            for name, layout in self._layouts.items()
        ]
        title = f"{self._owner}: {self.total:,} numbers in {len(self)} arrays"
        return Table(("name", "shape", "type", "count", "meaning"), rows, title)

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
