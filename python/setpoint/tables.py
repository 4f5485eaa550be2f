"""Tables of text and of HTML, from the same rows. Knows nothing of what the rows say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

__all__ = ["Table"]

_GAP = "  "
_NARROWEST = 24  # a last column of fewer letters is not worth reading


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headers: ``str()`` for a terminal, ``_repr_html_`` for a notebook.

    Parameters
    ----------
    headers : sequence of str
        One for each column.
    rows : sequence of sequence of str
        The cells.
    title : str
        Printed above the table.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int | None = None) -> str:
        """Lay the table out for a terminal.

        Parameters
        ----------
        width : int or None
            Columns of the terminal: the last column of the table is wrapped to fit. None: never.
        """
        lines = [list(self.headers), *(list(row) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        if width is not None:
            before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
            widths[-1] = min(widths[-1], max(_NARROWEST, width - before))
        lines.insert(1, ["-" * width for width in widths])
        text = [line for cells in lines for line in _wrapped(cells, widths)]
        return "\n".join([*([self.title] if self.title else []), *text])

    def _repr_html_(self) -> str:
        def line(tag: str, cells: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        body = "".join(line("td", row) for row in self.rows)
        head = line("th", self.headers)
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for part in wrap(cells[-1], widths[-1]) or [""]:
        yield _GAP.join(map(str.ljust, [*cells[:-1], part], widths)).rstrip()
        cells = [""] * len(cells)
