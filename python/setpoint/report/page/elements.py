"""HTML as text: elements, tables that sort, cards. Everything from outside is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

__all__ = ["Cell", "Chart", "card", "cards", "chart", "note", "section", "table"]


_LONG = 28


@dataclass(frozen=True)
class Cell:
    """A cell: what it shows, and what it is sorted by (None: by what it shows)."""

    text: str
    key: float | str | None = None
    is_html: bool = False


@dataclass(frozen=True)
class Chart:
    """A Plotly figure: traces and layout. Colours named ``--name`` are those of the style sheet."""

    name: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    says: str
    height: int = 320


def element(tag: str, inner: str, **attributes: Any) -> str:
    """An element around HTML; underscores before names of Python are dropped."""
    given = "".join(
        f' {name.strip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{given}>{inner}</{tag}>"


def section(name: str, title: str, *parts: str) -> str:
    """A part of the page under its title; nothing if it has no content."""
    inner = "".join(parts)
    if not inner:
        return ""
    return element("section", element("h2", escape(title)) + inner, id=name)


def note(text: str) -> str:
    """A paragraph."""
    return element("p", escape(text))


def card(value: str, meaning: str, detail: str = "") -> str:
    """A figure and what it means."""
    said = element("div", escape(value), _class="figure") + element("div", escape(meaning))
    return element(
        "div", said + (element("small", escape(detail)) if detail else ""), _class="card"
    )


def cards(*inner: str) -> str:
    """Several cards side by side."""
    return element("div", "".join(inner), _class="cards")


def chart(figure: Chart) -> str:
    """The place where a figure is drawn; its sentence is for those who can't see it."""
    return element(
        "div",
        "",
        _class="chart",
        id=f"chart-{figure.name}",
        role="img",
        aria_label=figure.says,
        style=f"height:{figure.height}px",
    )


def table(
    name: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    *,
    shown: int | None = None,
    marked: int | None = None,
) -> str:
    """A table whose columns sort.

    Parameters
    ----------
    name : str
        Its id.
    headers : sequence of str
        One for each column.
    rows : iterable of sequence of Cell or str
        The cells.
    shown : int or None
        How many rows are seen until the reader asks for all; None: all.
    marked : int or None
        A row that is marked.
    """
    rows = [*rows]
    right = [any(map(_is_number, (row[i] for row in rows))) for i in range(len(headers))]
    lines = [
        element(
            "tr",
            "".join(map(_cell, row, right)),
            _class="best" if i == marked else None,
        )
        for i, row in enumerate(rows)
    ]
    head = "".join(
        element(
            "th",
            element("button", escape(text), type="button"),
            scope="col",
            _class="number" if of_numbers else None,
        )
        for text, of_numbers in zip(headers, right, strict=True)
    )
    inner = element("thead", element("tr", head)) + element("tbody", "".join(lines))
    text = element("table", inner, id=name, data_shown=shown)
    text = element("div", text, _class="scroll", tabindex=0)
    if shown is not None and len(lines) > shown:
        said = f"Show all {len(lines):,}"
        text += element("button", said, type="button", _class="more", data_table=name)
    return text


def _is_number(cell: Cell | str) -> bool:
    return isinstance(cell, Cell) and isinstance(cell.key, float | int)


def _cell(cell: Cell | str, is_right: bool) -> str:
    """A cell; those of a column that holds numbers stand on the right, whatever they hold."""
    if isinstance(cell, str):
        cell = Cell(cell)
    inner = cell.text if cell.is_html else escape(cell.text)
    where = "long" if len(cell.text) > _LONG and not cell.is_html else None
    where = "number" if is_right else where
    key: Any = cell.key
    if isinstance(key, float | int):
        # What has no number comes last, whichever way.
        key = "" if math.isnan(key) else repr(float(key))
    return element("td", inner, _class=where, data_key=key)
