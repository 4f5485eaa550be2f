"""Each candidate as a line across one vertical axis for each hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.curves import first_row_of_best
from setpoint.report.figures import style
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, names: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Lines coloured by score, the best on top."""
    chosen = list(names or record.names)
    axes = [record.axis(name) for name in chosen]
    ax = style.axes(ax, (max(6.4, 1.6 * (len(axes) + 1)), 4.2))
    rows = record.comparable
    low, high = style.colour_limits(record.scores[rows])
    shares = np.clip((record.scores - low) / (high - low), 0.0, 1.0)
    heights = [_heights(axis.coordinates, axis.limits) for axis in axes]
    table = np.column_stack([*heights, 0.04 + 0.92 * shares])
    from matplotlib import colormaps

    colours = colormaps[style.colours(record.sign)]
    x = np.arange(table.shape[1])
    for i in sorted(rows, key=lambda i: record.worth[i]):
        ax.plot(x, table[i], color=colours(shares[i]), alpha=0.55, linewidth=1)
    ax.plot(x, table[first_row_of_best(record)], color=style.BEST, linewidth=2.4, label="best")
    for place, axis in enumerate(axes):
        ticks, labels = axis.ticks
        _rail(ax, place, _heights(np.array(ticks), axis.limits), labels)
    scores = np.linspace(low, high, 5)
    _rail(ax, len(axes), 0.04 + 0.92 * (scores - low) / (high - low), [f"{s:.3g}" for s in scores])
    ax.set_xticks(x, [*(axis.name for axis in axes), record.metric])
    ax.tick_params(axis="x", length=0)
    if sum(map(len, chosen)) > 70:
        ax.tick_params(axis="x", rotation=20)
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.set_xlim(-0.35, len(axes) + 0.35)
    ax.set_ylim(0, 1)
    style.legend(ax)
    return ax


def _heights(places: Any, limits: tuple[float, float]) -> Any:
    return (places - limits[0]) / (limits[1] - limits[0])


def _rail(ax: Any, x: float, heights: Any, labels: list[str]) -> None:
    ax.plot([x, x], [0, 1], color="#5a6470", linewidth=1, zorder=5)
    for height, label in zip(heights, labels, strict=True):
        ax.plot([x - 0.02, x + 0.02], [height, height], color="#5a6470", linewidth=1, zorder=5)
        ax.text(
            x - 0.04,
            height,
            label,
            ha="right",
            va="center",
            fontsize=7.5,
            zorder=6,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        )
