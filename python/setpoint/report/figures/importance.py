"""Importance of hyperparameters, alone and in pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from setpoint.report.figures import style
from setpoint.report.importance import importance
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, ax: Axes | None = None) -> Axes:
    """Bars: shares of the variance of the scores."""
    found = importance(record)
    pairs = found.strongest_pairs()
    ax = style.axes(ax, (6.4, 1.2 + 0.36 * (len(found.names) + len(pairs))))
    order = found.order
    labels = [found.names[i] for i in order] + [f"{a} × {b}" for a, b, _ in pairs]
    shares = [found.alone[i] for i in order] + [share for _, _, share in pairs]
    errors = [found.deviation[i] for i in order] + [0.0] * len(pairs)
    colours = [style.HELD_OUT] * len(order) + ["#9bbfe3"] * len(pairs)
    places = range(len(labels))
    ax.barh(places, shares, color=colours, height=0.62)
    for place, (share, error) in enumerate(zip(shares, errors, strict=True)):
        if error:
            ends = max(share - error, 0), min(share + error, 1)
            ax.plot(ends, [place] * 2, color="#33405060")
        ax.text(
            min(share + error, 1) + 0.012, place, f"{100 * share:.0f} %", va="center", fontsize=8
        )
    ax.set_yticks(places, labels)
    ax.invert_yaxis()
    ax.set_xlim(0, max(min(s + e, 1) for s, e in zip(shares, errors, strict=True)) + 0.1)
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    ax.set_xlabel(f"share of the variance of {record.metric}")
    return ax
