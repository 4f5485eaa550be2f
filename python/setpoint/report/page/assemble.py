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

from setpoint.files import refuse_unwritable, replacing
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
    refuse_unwritable(path)
    text = page(record, search)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def page(record: Record, search: Any = None) -> str:
    """The report as text."""
    parts = Page(record, search)
    body = parts.body()
    texts, figures = apart(parts.charts)
    return Template(_asset("page.html")).substitute(
        title=escape(parts.title),
        date=time.strftime("%d %B %Y, %H:%M").removeprefix("0"),
        style=_asset("page.css"),
        body=body,
        texts=as_script(texts),
        charts=as_script(figures),
        plotly=plotly(),
        script=_asset("page.js"),
    )


def apart(charts: list[Chart]) -> tuple[list[str], dict[str, Any]]:
    """The texts of all points, each once, and the charts with the numbers of their texts.

    What a candidate is stands at its point in every chart: written out, it would be most of the
    page.
    """
    numbers: dict[str, int] = {}
    figures = {}
    for chart in charts:
        traces = [dict(trace) for trace in chart.data]
        for trace in traces:
            if "text" in trace:
                trace["text"] = [numbers.setdefault(text, len(numbers)) for text in trace["text"]]
        figures[chart.name] = {"data": traces, "layout": chart.layout}
    return list(numbers), figures


def as_script(value: Any) -> str:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


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
