"""Puts the page together: HTML, style sheet, script, the charts as JSON, and Plotly, compressed."""

from __future__ import annotations

import base64
import gzip
import json
import time
from functools import cache
from html import escape
from importlib.resources import files
from os import PathLike
from string import Template
from typing import Any

from setpoint.files import replacing
from setpoint.report.page.elements import Chart
from setpoint.report.page.sections import Page
from setpoint.report.record import Record

__all__ = ["write"]


def write(path: str | PathLike[str], record: Record, search: Any = None) -> None:
    """Write the report of a record, and of the search that it is of.

    Parameters
    ----------
    path : str or path
        Where to write.
    record : Record
        What was evaluated.
    search : object or None
        The fitted search; None for an optimum of a function.

    Raises
    ------
    ImportError
        If plotly is not installed.
    """
    text = page(record, search)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def page(record: Record, search: Any = None) -> str:
    """The report as text."""
    parts = Page(record, search)
    body = parts.body()
    return Template(_asset("page.html")).substitute(
        title=escape(parts.title),
        date=time.strftime("%d %B %Y, %H:%M").removeprefix("0"),
        style=_asset("page.css"),
        body=body,
        charts=as_script(parts.charts),
        plotly=plotly(),
        script=_asset("page.js"),
    )


def as_script(charts: list[Chart]) -> str:
    """The charts as JSON that cannot end the element that it stands in."""
    figures = {figure.name: {"data": figure.data, "layout": figure.layout} for figure in charts}
    return json.dumps(figures, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def plotly() -> str:
    """Plotly's script, compressed, as base64: browsers unpack it by themselves."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError(
            "a report needs plotly; install it by: pip install 'setpoint[report]'"
        ) from error
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def _asset(name: str) -> str:
    return (files("setpoint.report.page") / name).read_text("utf-8")
