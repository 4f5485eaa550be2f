"""Scores against one hyperparameter, with what it does on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.axis import Axis
from setpoint.report.curves import first_row_of_best
from setpoint.report.figures import style
from setpoint.report.importance import importance
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, name: str, ax: Axes | None = None) -> Axes:
    """A point for each candidate, later ones darker, and the mean over all other settings."""
    axis = record.axis(name)
    ax = style.axes(ax)
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    rows = record.comparable
    places, scores = axis.coordinates, record.scores
    colours = ListedColormap(colormaps["Blues"](np.linspace(0.3, 1.0, 256)))
    shown = ax.scatter(
        places[rows], scores[rows], c=rows + 1, cmap=colours, s=22, edgecolor="white", linewidth=0.3
    )
    found = importance(record) if len(np.unique(scores[rows])) > 1 else None
    if found is not None and name in found.names:
        _mean(ax, axis, *found.curve(name))
    best = first_row_of_best(record)
    if best in rows:
        ax.scatter(
            [places[best]], [scores[best]], marker="*", s=130, color=style.BEST, label="best",
            zorder=4,
        )  # fmt: skip
    style.scale(ax, "x", axis)
    ax.set_ylabel(record.direction)
    ax.figure.colorbar(shown, ax=ax, label="order of evaluation", pad=0.02)
    style.legend(ax)
    return ax


def _mean(ax: Any, axis: Axis, where: Any, mean: Any, deviation: Any) -> None:
    label = "mean over all other settings"
    among = axis.among(where)
    colour = style.TRAINING
    if among.any():
        ax.plot(where[among], mean[among], color=colour, linewidth=1.6, label=label)
        low, high = (mean - deviation)[among], (mean + deviation)[among]
        ax.fill_between(where[among], low, high, color=colour, alpha=0.15, linewidth=0)
    if not among.all():
        ax.errorbar(
            where[~among], mean[~among], deviation[~among], linestyle="none", color=colour,
            marker="D", markersize=4, elinewidth=1, label=None if among.any() else label,
        )  # fmt: skip
