"""Training and held-out scores along a hyperparameter, or along a number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.axis import Axis
from setpoint.report.curves import Curve
from setpoint.report.figures import style
from setpoint.report.verdict import sides

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS = {"underfits": "underfits", "overfits": "overfits", "worse": "worse held out"}


def draw(curve: Curve, metric: str, ax: Axes | None = None) -> Axes:
    """Two bands; along a hyperparameter also the best point, and the sides in words."""
    ax = style.axes(ax)
    if curve.training is not None:
        style.band(ax, curve.places, curve.training, style.TRAINING, "training")
    style.band(ax, curve.places, curve.held_out, style.HELD_OUT, "held out")
    if isinstance(curve.axis, Axis):
        _mark_sides(ax, curve, curve.axis)
    else:
        ax.set_xlabel(curve.axis)
    ax.set_ylabel(metric)
    ax.legend(frameon=False, loc="best")
    if curve.of:
        ax.annotate(
            curve.of if len(curve.of) < 96 else curve.of[:95] + "…",
            (0.5, 1.0),
            xycoords="axes fraction",
            xytext=(0, 20),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color="#5a6470",
        )
    return ax


def _mark_sides(ax: Any, curve: Curve, axis: Axis) -> None:
    best = int(np.argmax(curve.held_out.mean(axis=1)))
    ax.axvline(curve.places[best], color=style.BEST, linewidth=1, linestyle="--", label="best")
    style.scale(ax, "x", axis)
    for side in sides(curve):
        left = side.last < curve.places[best]
        edge = curve.places[best - 1] if left else curve.places[best + 1]
        ends = (axis.limits[0], edge) if left else (edge, axis.limits[1])
        ax.axvspan(*ends, color=style.QUIET, alpha=0.1, linewidth=0, zorder=0)
        ax.annotate(
            f"← {_WORDS[side.does]}" if left else f"{_WORDS[side.does]} →",
            (0.0 if left else 1.0, 1.0),
            xycoords="axes fraction",
            xytext=(4 if left else -4, 4),
            textcoords="offset points",
            ha="left" if left else "right",
            va="bottom",
            color="#5a6470",
        )
