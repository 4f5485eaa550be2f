"""Candidates as lines across their hyperparameters, as Plotly takes them.

Few traces, whatever the number of candidates: those of about the same score are one line with gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.report.axis import Axis
from setpoint.report.curves import first_row_of_best
from setpoint.report.figures.style import colour_limits
from setpoint.report.page.charts import numbers, points, text_of
from setpoint.report.page.elements import Chart
from setpoint.report.record import Record

__all__ = ["MOST_LINES", "parallel"]

MOST_LINES = 300

_COLOURS = ("#440154", "#443a83", "#31688e", "#21918c", "#35b779", "#90d743", "#fde725")
"""Viridis, from the worst to the best."""

_LABEL = 12


def parallel(record: Record, names: Sequence[str]) -> Chart:
    """Each candidate as a line across these hyperparameters and its score."""
    axes = [record.axis(name) for name in names]
    rows = _drawn(record)
    low, high = colour_limits(record.scores[rows])
    shares = np.clip((record.scores - low) / (high - low), 0.0, 1.0)
    heights = [_heights(axis.coordinates, axis) for axis in axes]
    table = np.round(np.column_stack([*heights, shares]), 4)
    worth = (shares if record.sign > 0 else 1.0 - shares)[rows]
    colour = np.minimum((worth * len(_COLOURS)).astype(np.int64), len(_COLOURS) - 1)
    best = first_row_of_best(record)
    data = [
        _lines(table[rows[colour == number]], code, 1.2, 0.6)
        for number, code in enumerate(_COLOURS)
        if (colour == number).any()
    ]
    data.append(_lines(table[[best]], "--best", 3, 1.0))
    texts = [text_of(record, int(row)) for row in rows]
    ends = np.full(len(rows), len(axes))
    data.append(points(ends, shares[rows], texts, "candidate", color="--held", size=7))
    layout = {
        "xaxis": {
            "tickvals": [*range(len(axes) + 1)],
            "ticktext": [*map(_broken, names), _broken(record.metric)],
            "range": [-0.45, len(axes) + 0.12],
            "side": "top",
            "gridcolor": "--quiet",
            "tickangle": 0,
        },
        "yaxis": {"visible": False, "range": [-0.03, 1.03]},
        "annotations": _ticks(axes, low, high),
        "showlegend": False,
        "margin": {"l": 8, "r": 16, "t": 48, "b": 12},
    }
    says = f"{len(rows)} candidates as lines across {', '.join(names)} and {record.metric}."
    return Chart("parallel", data, layout, says, height=380)


def _drawn(record: Record) -> NDArray[np.int64]:
    """The candidates that are drawn, the best last: if there are many, evenly among their ranks."""
    rows = record.comparable[np.argsort(record.worth[record.comparable], kind="stable")]
    if len(rows) <= MOST_LINES:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_LINES).astype(np.int64)]


def _heights(places: NDArray[np.float64], axis: Axis) -> NDArray[np.float64]:
    low, high = axis.limits
    return (places - low) / (high - low)


def _lines(table: NDArray[Any], colour: str, width: float, opacity: float) -> dict[str, Any]:
    """One trace for these rows of heights."""
    n, d = table.shape
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*range(d), None] * n,
        "y": [height for row in table.tolist() for height in (*row, None)],
        "line": {"color": colour, "width": width},
        "opacity": opacity,
        "hoverinfo": "skip",
    }


def _ticks(axes: Sequence[Axis], low: float, high: float) -> list[dict[str, Any]]:
    """What the values at the axes are called; along the score, five of them."""
    found = []
    for place, axis in enumerate(axes):
        where, labels = axis.ticks
        heights = numbers(_heights(np.array(where), axis))
        found += [
            _tick(place, height, label) for height, label in zip(heights, labels, strict=True)
        ]
    scores = np.linspace(low, high, 5)
    shares = np.linspace(0.0, 1.0, 5).tolist()
    found += [_tick(len(axes), y, f"{score:.3g}") for y, score in zip(shares, scores, strict=True)]
    return found


def _tick(x: int, y: float | None, label: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "text": escape(label),
        "showarrow": False,
        "xanchor": "right",
        "xshift": -3,
        "font": {"size": 10},
        "bgcolor": "--paper",
        "opacity": 0.85,
        "borderpad": 0,
    }


def _broken(name: str) -> str:
    """A long name in lines that break after underscores; words that fit no line are cut."""
    lines = [""]
    for part in name.replace("_", "_\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part) > _LABEL:
            lines.append("")
        lines[-1] += part if len(part) <= _LABEL else f"{part[: _LABEL - 2]}…"
    return "<br>".join(map(escape, lines))
