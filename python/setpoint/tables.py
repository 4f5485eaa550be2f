"""Tables of text and of HTML, from the same rows. Knows nothing of what the rows say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import wrap

__all__ = ["Table"]

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headers: ``str()`` fits the terminal, ``_repr_html_`` a notebook.

    Parameters
    ----------
    headers : sequence of str
        One for each column.
    rows : sequence of sequence of str
        The cells.
    title : str
        Printed above the table.
    fold : tuple of (int, str) or None
        A table that is too wide for the terminal has the columns from this one on as one of this
        name, with words ``header=cell``.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    fold: tuple[int, str] | None = None

    def __str__(self) -> str:
        return self.text(get_terminal_size(fallback=(120, 24)).columns)

    def text(self, width: int | None = None) -> str:
        """Lay the table out for a terminal.

        Parameters
        ----------
        width : int or None
            Columns of the terminal. The widest columns of the table are wrapped to fit, as far as
            no word has to be broken. None: nothing is wrapped.
        """
        if width is not None and self.fold is not None and self._least_width() > width:
            return self._folded(*self.fold).text(width)
        lines = [list(self.headers), *(list(row) for row in self.rows)]
        columns = list(zip(*lines, strict=True))
        widths = [max(map(len, column)) for column in columns]
        if width is not None:
            widths = _shrunk(widths, [_longest_word(column) for column in columns], width)
        lines.insert(1, ["-" * width for width in widths])
        text = [line for cells in lines for line in _wrapped(cells, widths)]
        return "\n".join([*([self.title] if self.title else []), *text])

    def _least_width(self) -> int:
        columns = zip(self.headers, *self.rows, strict=True)
        return sum(map(_longest_word, columns)) + len(_GAP) * (len(self.headers) - 1)

    def _folded(self, first: int, name: str) -> Table:
        names = self.headers[first:]

        def words(cells: Sequence[str]) -> str:
            said = [f"{name}={cell}" for name, cell in zip(names, cells, strict=True) if cell]
            return " ".join(said)

        rows = [[*row[:first], words(row[first:])] for row in self.rows]
        return Table([*self.headers[:first], name], rows, self.title)

    def _repr_html_(self) -> str:
        def line(tag: str, cells: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        body = "".join(line("td", row) for row in self.rows)
        head = line("th", self.headers)
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _shrunk(widths: list[int], least: list[int], width: int) -> list[int]:
    """Widths that together fit, taken from the widest first, none below its least."""
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    for _ in range(excess):
        room = [w if w > low else 0 for w, low in zip(widths, least, strict=True)]
        widest = room.index(max(room))
        if not room[widest]:
            break
        widths[widest] -= 1
    return widths


def _longest_word(cells: Sequence[str]) -> int:
    return max((len(word) for cell in cells for word in cell.split()), default=1)


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    parts = [
        wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, widths, strict=True)
    ]
    for line in zip_longest(*parts, fillvalue=""):
        yield _GAP.join(map(str.ljust, line, widths)).rstrip()
