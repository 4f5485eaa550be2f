"""What the plots share: axes to draw on, colours, ticks of hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from setpoint.report.axis import Axis

if TYPE_CHECKING:
    import matplotlib.axes

HELD_OUT = "#2a6fbb"
TRAINING = "#e07b1a"
BEST = "#c2255c"
QUIET = "#8a939e"
SCALE = "viridis"


def axes(
    ax: matplotlib.axes.Axes | None, size: tuple[float, float] = (6.4, 4.0)
) -> matplotlib.axes.Axes:
    """The given axes, or those of a new figure, without the upper and right spine.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib; install it by: pip install 'setpoint[plot]'"
        ) from error
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def scale(ax: matplotlib.axes.Axes, which: Literal["x", "y"], axis: Axis) -> None:
    """Make one of the axes that of a hyperparameter."""
    places, labels = axis.ticks
    along = ax.xaxis if which == "x" else ax.yaxis
    along.set_ticks(places, labels)
    along.set_label_text(axis.label)
    (ax.set_xlim if which == "x" else ax.set_ylim)(axis.limits)
    if which == "x" and sum(map(len, labels)) > 48:
        ax.tick_params(axis="x", rotation=30)


def legend(ax: matplotlib.axes.Axes, height: float = 1.0) -> None:
    """The legend above the axes, where it hides nothing."""
    ax.legend(
        frameon=False, loc="lower right", bbox_to_anchor=(1.0, height), ncols=4, borderaxespad=0.2
    )


def whole_numbers(ax: matplotlib.axes.Axes) -> None:
    """Ticks along x at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def colours(sign: float) -> str:
    """The colours of scores: the brighter the better."""
    return SCALE if sign > 0 else f"{SCALE}_r"


def band(
    ax: matplotlib.axes.Axes, x: Any, scores: Any, colour: str, label: str, **line: Any
) -> None:
    """A line of means over the folds in a band of one standard deviation."""
    mean, spread = scores.mean(axis=1), scores.std(axis=1)
    ax.plot(x, mean, "o-", color=colour, markersize=4, label=label, **line)
    ax.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)


def colour_limits(scores: Any) -> tuple[float, float]:
    """Ends of the colours, so that a few bad scores do not make all the others look the same."""
    known = scores[np.isfinite(scores)]
    low, high = float(known.min()), float(known.max())
    if high - low <= 0:
        return low - 0.5, high + 0.5
    quarter, three = np.quantile(known, [0.25, 0.75])
    room = 3.0 * max(three - quarter, 0.02 * (high - low))
    return max(low, float(quarter) - room), min(high, float(three) + room)
