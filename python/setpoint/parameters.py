"""Parameters as data: what a model learned, as named, shaped, read-only arrays.

What is set before training is in ``setpoint.hyperparameters``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.tables import Table

__all__ = ["Parameters"]


class Parameters(Mapping[str, NDArray[Any]]):
    """Names to read-only arrays; prints as a table of shapes and counts.

    Parameters
    ----------
    owner : str
        The name of the estimator's class.
    arrays : mapping of str to ndarray
        The learned arrays; views of them are handed out, not copies.
    meanings : mapping of str to str
        One sentence for each name.
    """

    __slots__ = ("_arrays", "_meanings", "_owner")

    def __init__(
        self, owner: str, arrays: Mapping[str, NDArray[Any]], meanings: Mapping[str, str]
    ) -> None:
        self._owner = owner
        self._arrays = {name: _read_only(array) for name, array in arrays.items()}
        self._meanings = dict(meanings)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array."""
        return {name: array.shape for name, array in self._arrays.items()}

    @property
    def total(self) -> int:
        """How many numbers there are in all arrays together."""
        return sum(array.size for array in self._arrays.values())

    @property
    def nbytes(self) -> int:
        """The memory of all arrays together, in bytes."""
        return sum(array.nbytes for array in self._arrays.values())

    def table(self) -> Table:
        """Name, shape, type, count and meaning of each array."""
        rows = [
            (
                name,
                " x ".join(map(str, array.shape)),
                str(array.dtype),
                f"{array.size:,}",
                self._meanings.get(name, ""),
            )
            for name, array in self._arrays.items()
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
