"""The figures of the page, as Plotly takes them: plain dicts, made without plotly.

Colours are names of the style sheet, so that they follow light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from setpoint.report.axis import Axis
from setpoint.report.curves import (
    Curve,
    best_so_far,
    first_row_of_best,
    lines_of_rounds,
    settings,
    validation,
)
from setpoint.report.figures.style import colour_limits
from setpoint.report.importance import Importance
from setpoint.report.page.elements import Chart
from setpoint.report.record import Record
from setpoint.report.verdict import sides

__all__ = [
    "against_training",
    "bars",
    "history",
    "numbers",
    "points",
    "rounds",
    "slice_of",
    "surface",
    "text_of",
    "validated",
]

_HOVER = "%{text}<extra></extra>"


def history(record: Record) -> Chart:
    """Scores in the order of evaluation, and the best so far."""
    number = [*range(1, record.n + 1)]
    best = record.best
    data = [
        points(number, record.scores, _texts(record), "candidate", color="--quiet", size=6),
        {
            "type": "scatter",
            "mode": "lines",
            "x": number,
            "y": numbers(best_so_far(record)),
            "line": {"shape": "hv", "color": "--held", "width": 2},
            "name": "best so far",
            "hoverinfo": "skip",
        },
        _star(best + 1, record.scores[best], text_of(record, best)),
    ]
    shapes = []
    if record.rounds is not None:
        starts = np.flatnonzero(np.diff(record.rounds)) + 1
        shapes = [_line(x0=float(start) + 0.5, x1=float(start) + 0.5) for start in starts]
    layout = {
        "xaxis": {"title": {"text": "candidate, in the order of evaluation"}},
        "yaxis": {"title": {"text": escape(record.direction)}},
        "shapes": shapes,
    }
    says = f"Scores of {record.n} candidates in the order of evaluation, with the best so far."
    return Chart("history", data, layout, says)


def rounds(record: Record) -> Chart:
    """The candidates of a successive halving over its rounds."""
    data = []
    for line in sorted(lines_of_rounds(record), key=lambda line: line.is_best):
        colour = "--best" if line.is_best else "--held" if len(line.scores) > 1 else "--quiet"
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": line.resources.tolist(),
                "y": numbers(line.scores),
                "line": {"color": colour, "width": 3 if line.is_best else 1},
                "marker": {"size": 6},
                "opacity": 1.0 if line.is_best else 0.6,
                "text": [f"{escape(line.label)}<br>{score:.4g}" for score in line.scores],
                "hovertemplate": _HOVER,
                "name": "best" if line.is_best else "candidate",
                "showlegend": line.is_best,
            }
        )
    amounts = np.unique(record.resources) if record.resources is not None else np.array([])
    layout = {
        "xaxis": {
            "title": {"text": f"{escape(record.resource)} of a round"},
            "type": "log",
            "tickvals": amounts.tolist(),
            "ticktext": [f"{int(amount):,}" for amount in amounts],
        },
        "yaxis": {"title": {"text": escape(record.direction)}},
    }
    return Chart("rounds", data, layout, "Scores of the candidates over the rounds of the halving.")


def bars(found: Importance) -> Chart:
    """Importance of hyperparameters and pairs."""
    pairs = found.strongest_pairs()
    order = found.order
    labels = [found.names[i] for i in order] + [f"{a} × {b}" for a, b, _ in pairs]
    shares = [float(found.alone[i]) for i in order] + [share for _, _, share in pairs]
    errors = [float(found.deviation[i]) for i in order] + [0.0] * len(pairs)
    texts = [
        f"{escape(label)}: {100 * share:.1f} % of the variance"
        for label, share in zip(labels, shares, strict=True)
    ]
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": shares,
        "y": [escape(label) for label in labels],
        "error_x": {
            "array": [min(error, 1 - share) for share, error in zip(shares, errors, strict=True)],
            "arrayminus": [min(error, share) for share, error in zip(shares, errors, strict=True)],
            "symmetric": False,
            "color": "--quiet",
            "thickness": 1,
            "width": 0,
        },
        "marker": {"color": ["--held"] * len(order) + ["--pair"] * len(pairs)},
        "text": texts,
        "textposition": "none",
        "hovertemplate": _HOVER,
    }
    layout = {
        "xaxis": {
            "title": {"text": "share of the variance"},
            "tickformat": ".0%",
            "rangemode": "tozero",
        },
        "yaxis": {"autorange": "reversed", "automargin": True},
        "showlegend": False,
    }
    says = "Importance: " + ", ".join(
        f"{label} {100 * share:.0f} %" for label, share in zip(labels, shares, strict=True)
    )
    return Chart("importance", [bar], layout, says, height=110 + 30 * len(labels))


def slice_of(record: Record, found: Importance, name: str, number: int) -> Chart:
    """Scores against one hyperparameter, and their mean over all settings of the others."""
    axis, rows = record.axis(name), record.comparable
    places = axis.coordinates
    where, mean, deviation = found.curve(name)
    among = axis.among(where)
    n = int(among.sum())
    where, mean, deviation = (
        np.concatenate([part[among], part[~among]]) for part in (where, mean, deviation)
    )
    texts = [text_of(record, int(i)) for i in rows]
    best = first_row_of_best(record)
    data = [points(places[rows], record.scores[rows], texts, "candidate", color="--held", size=6)]
    if n:
        data += _band(where[:n], mean[:n] - deviation[:n], mean[:n] + deviation[:n])
    data.append(
        {
            "type": "scatter",
            "mode": "lines+markers" if n else "markers",
            "x": numbers([*where[:n], *([None] if n else []), *where[n:]]),
            "y": numbers([*mean[:n], *([None] if n else []), *mean[n:]]),
            "line": {"color": "--training", "width": 2},
            "marker": {
                "color": "--training",
                "symbol": "diamond",
                "size": [0] * n + [0] * bool(n) + [9] * (len(where) - n),
            },
            "name": "mean over all other settings",
            "hovertemplate": "mean over all other settings: %{y:.4g}<extra></extra>",
        }
    )
    if best in rows:
        data.append(_star(float(places[best]), record.scores[best], text_of(record, best)))
    layout = {
        "xaxis": _scale(axis),
        "yaxis": {"title": {"text": escape(record.direction)}},
        "showlegend": False,
    }
    says = f"Scores of the candidates against {name}."
    return Chart(f"slice-{number}", data, layout, says, height=280)


def surface(record: Record, found: Importance, a: str, b: str, number: int) -> Chart:
    """Mean scores over two hyperparameters, with the candidates."""
    axes, rows = (record.axis(a), record.axis(b)), record.comparable
    x, y, field = found.surface(a, b)
    data = [
        {
            "type": "heatmap",
            "x": numbers(axes[0].borders(x)),
            "y": numbers(axes[1].borders(y)),
            "z": [numbers(row) for row in field.T],
            "colorscale": "Viridis",
            "reversescale": record.sign < 0,
            "colorbar": {"thickness": 12, "outlinewidth": 0, "tickfont": {"color": "--ink"}},
            "hovertemplate": "mean %{z:.4g}<extra></extra>",
        },
        points(
            axes[0].coordinates[rows],
            axes[1].coordinates[rows],
            [text_of(record, int(i)) for i in rows],
            "candidate",
            color="#ffffff",
            size=6,
            edge="#1c2733",
        ),
        _star(
            float(axes[0].coordinates[record.best]),
            float(axes[1].coordinates[record.best]),
            text_of(record, record.best),
        ),
    ]
    layout = {"xaxis": _scale(axes[0]), "yaxis": _scale(axes[1]), "showlegend": False}
    says = f"Mean {record.metric} over {a} and {b}."
    return Chart(f"surface-{number}", data, layout, says, height=340)


def against_training(record: Record) -> Chart:
    """Each candidate: its score on training rows against its held-out score."""
    training = record.training_scores
    assert training is not None
    rows, best = record.comparable, first_row_of_best(record)
    known = np.concatenate([training[rows], record.scores[rows]])
    low, high = colour_limits(known)
    data = [
        points(
            training[rows],
            record.scores[rows],
            [text_of(record, int(i)) for i in rows],
            "candidate",
            color="--held",
            size=7,
        ),
        _star(float(training[best]), record.scores[best], text_of(record, best)),
    ]
    layout = {
        "xaxis": {"title": {"text": f"{escape(record.metric)} on the training rows"}},
        "yaxis": {"title": {"text": f"{escape(record.metric)} held out"}},
        "shapes": [
            {**_line(x0=low, x1=high), "yref": "y", "y0": low, "y1": high},
        ],
        "annotations": [
            {
                "x": 0.02,
                "y": 0.98,
                "xref": "paper",
                "yref": "paper",
                "text": "dotted: held out as good as in training",
                "showarrow": False,
                "font": {"size": 11},
                "xanchor": "left",
            }
        ],
        "showlegend": False,
    }
    return Chart("training", data, layout, "Training scores against held-out scores.")


def validated(record: Record, name: str) -> Chart | None:
    """Training and held-out scores along a hyperparameter; None if there is but one point."""
    curve = validation(record, name)
    if len(curve.places) < 2 or not isinstance(curve.axis, Axis):
        return None
    data = []
    for scores, colour, label in (
        (curve.training, "--training", "training"),
        (curve.held_out, "--held", "held out"),
    ):
        if scores is None:
            continue
        mean, spread = scores.mean(axis=1), scores.std(axis=1)
        data += _band(curve.places, mean - spread, mean + spread, colour)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": numbers(curve.places),
                "y": numbers(mean),
                "line": {"color": colour, "width": 2},
                "name": label,
                "text": [f"{label} {m:.4g} ± {s:.2g}" for m, s in zip(mean, spread, strict=True)],
                "hovertemplate": _HOVER,
            }
        )
    best = float(curve.places[int(np.argmax(curve.held_out.mean(axis=1)))])
    layout = {
        "xaxis": _scale(curve.axis),
        "yaxis": {"title": {"text": escape(record.metric)}},
        "shapes": [_line(x0=best, x1=best)],
        "annotations": _side_words(curve, best),
        "legend": {
            "orientation": "h",
            "x": 0.5,
            "xanchor": "center",
            "y": 1.09,
            "yanchor": "bottom",
        },
        "margin": {"l": 50, "r": 16, "t": 52, "b": 40},
    }
    says = f"Training and held-out scores along {name}. {curve.of}"
    return Chart("validation", data, layout, says)


def _side_words(curve: Curve, best: float) -> list[dict[str, Any]]:
    return [
        {
            "x": 0.0 if side.last < best else 1.0,
            "xanchor": "left" if side.last < best else "right",
            "y": 1.0,
            "yanchor": "bottom",
            "xref": "paper",
            "yref": "paper",
            "text": f"← {side.does}" if side.last < best else f"{side.does} →",
            "showarrow": False,
        }
        for side in sides(curve)
    ]


def points(
    x: Any,
    y: Any,
    texts: Sequence[str],
    name: str,
    *,
    color: str,
    size: int,
    edge: str = "--paper",
) -> dict[str, Any]:
    """Markers that say something when hovered over."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(x),
        "y": numbers(y),
        "text": list(texts),
        "hovertemplate": _HOVER,
        "marker": {"color": color, "size": size, "line": {"width": 0.5, "color": edge}},
        "name": name,
    }


def _star(x: float, y: float, text: str) -> dict[str, Any]:
    point = points([x], [y], [text], "best", color="--best", size=15)
    return point | {"marker": {**point["marker"], "symbol": "star"}}


def _band(x: Any, low: Any, high: Any, colour: str = "--training") -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": numbers([*x, *x[::-1]]),
            "y": numbers([*high, *low[::-1]]),
            "fill": "toself",
            "fillcolor": f"{colour}-band",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def _line(**ends: float) -> dict[str, Any]:
    line = {"color": "--quiet", "width": 1, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line, **ends}


def _scale(axis: Axis) -> dict[str, Any]:
    places, labels = axis.ticks
    return {
        "title": {"text": escape(axis.label)},
        "tickvals": numbers(places),
        "ticktext": [escape(label) for label in labels],
        "range": list(axis.limits),
        "zeroline": False,
        "automargin": True,
    }


def _texts(record: Record) -> list[str]:
    return [text_of(record, i) for i in range(record.n)]


def text_of(record: Record, row: int) -> str:
    """What hovering over a candidate says."""
    lines = [f"<b>{escape(record.metric)} {record.scores[row]:.4g}</b>"]
    if record.folds.shape[1] > 1:
        lines[0] += f" ± {record.spread[row]:.2g}"
    if record.training_scores is not None:
        lines.append(f"training {record.training_scores[row]:.4g}")
    lines += [escape(text) for text in settings(record.params[row])]
    return "<br>".join(lines)


def numbers(values: Any) -> list[float | None]:
    """Numbers as JSON has them: none is NaN."""
    return [
        None if value is None or not np.isfinite(float(value)) else float(value) for value in values
    ]
