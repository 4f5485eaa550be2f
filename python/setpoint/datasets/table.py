"""`Table`: named columns of numbers or of texts, however they were read.

A text column is kept as codes into its sorted texts, so that every reader gives the same table.
Nothing is read here (`files`, `readers`) and nothing is learned.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


class DataError(ValueError):
    """The data can't be used as asked; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column; `values` (n,) are numbers, or codes into `categories`; NaN is missing."""

    name: str
    values: NDArray[np.float64]
    categories: tuple[str, ...] | None = None

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where no value stands, (n,)."""
        return np.isnan(self.values)

    @property
    def example(self) -> str:
        """A text of a text column for a message, else nothing."""
        return f" such as {self.categories[0]!r}" if self.categories else ""

    def take(self, rows: NDArray[np.intp]) -> Column:
        """Return the column at those rows."""
        return replace(self, values=self.values[rows])

    @classmethod
    def from_texts(cls, name: str, texts: Sequence[str | None]) -> Column:
        """Encode texts (None is missing) as codes into the sorted distinct texts."""
        categories = sorted({text for text in texts if text is not None})
        code = {text: float(i) for i, text in enumerate(categories)}
        values = (np.nan if text is None else code[text] for text in texts)
        return cls(name, np.fromiter(values, np.float64, len(texts)), tuple(categories))

    def texts(self) -> list[str | None]:
        """Return the texts of a text column, None where missing."""
        categories = self.categories or ()
        return [None if np.isnan(v) else categories[int(v)] for v in self.values]


@dataclass(frozen=True)
class Table:
    """Columns of equal length, the name of where they came from, and the usual target if known."""

    name: str
    columns: tuple[Column, ...]
    target: str | None = None

    def __post_init__(self) -> None:
        """Refuse a table that no model could use."""
        if not self.columns or not self.n_rows:
            raise DataError(f"{self.name} holds no rows of data")

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f"{self.name} has no column {name!r}{suggest(name, self.names)}")

    def select(self, names: Iterable[str]) -> Table:
        """Return the table of those columns, in that order."""
        return replace(self, columns=tuple(self[name] for name in names))

    def drop(self, names: Iterable[str]) -> Table:
        """Return the table without those columns, each of which must be there."""
        gone = {self[name].name for name in names}
        kept = tuple(column for column in self.columns if column.name not in gone)
        if not kept:
            raise DataError(f"no column of {self.name} is left to learn from")
        return replace(self, columns=kept)


def suggest(word: str, known: Sequence[str], most: int = 12) -> str:
    """Return the end of a message about an unknown word: the nearest known ones, or a list."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    listed = ", ".join(known[:most])
    return f"; there are: {listed}" + (f" and {len(known) - most} more" * (len(known) > most))
