"""Scores over two hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from setpoint.report.figures import style
from setpoint.report.importance import importance
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, a: str, b: str, ax: Axes | None = None) -> Axes:
    """A field of mean scores over all other settings, with the candidates in it."""
    if a == b:
        raise ValueError(f"a contour needs two hyperparameters, got {a!r} twice")
    axes = record.axis(a), record.axis(b)
    for axis in axes:
        if axis.n_distinct < 2:
            raise ValueError(f"all candidates have the same {axis.name}")
    ax = style.axes(ax, (6.4, 4.6))
    x, y, field = importance(record).surface(a, b)
    ax.set_axisbelow(False)
    shown = ax.pcolormesh(
        axes[0].borders(x),
        axes[1].borders(y),
        field.T,
        cmap=style.colours(record.sign),
        rasterized=True,
    )
    if all(axis.is_ordered and axis.is_listed for axis in axes) and min(field.shape) > 2:
        lines = ax.contour(x, y, field.T, levels=6, colors="white", linewidths=0.6, alpha=0.7)
        ax.clabel(lines, fontsize=7, fmt="%.3g")
    rows = record.comparable
    places = [axis.coordinates for axis in axes]
    ax.scatter(
        places[0][rows], places[1][rows], s=12, color="white", edgecolor="black", linewidth=0.5,
        label="candidate",
    )  # fmt: skip
    best = record.best
    ax.scatter(
        [places[0][best]], [places[1][best]], marker="*", s=160, color=style.BEST,
        edgecolor="white", linewidth=0.8, label="best", zorder=4,
    )  # fmt: skip
    for which, axis in zip(("x", "y"), axes, strict=True):
        style.scale(ax, which, axis)  # type: ignore[arg-type]
    ax.figure.colorbar(shown, ax=ax, label=f"mean {record.direction}", pad=0.02)
    style.legend(ax)
    return ax
