"""Candidates against what was spent on them: rounds of a halving, or time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.curves import best_so_far, lines_of_rounds
from setpoint.report.figures import style
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, ax: Axes | None = None) -> Axes:
    """Lines over the rounds; without rounds, points and the best so far over time."""
    ax = style.axes(ax)
    return _time(record, ax) if record.resources is None else _rounds(record, record.resources, ax)


def _rounds(record: Record, resources: Any, ax: Axes) -> Axes:
    from matplotlib.ticker import NullLocator

    lines = lines_of_rounds(record)
    last = resources.max()
    for line in sorted(lines, key=lambda line: (len(line.scores), line.is_best)):
        through = line.resources[-1] == last
        colour = style.BEST if line.is_best else style.HELD_OUT if through else style.QUIET
        label = "best" if line.is_best else None
        width = 2.2 if line.is_best else 1.2
        ax.plot(
            line.resources, line.scores, "o-", markersize=4, color=colour, linewidth=width,
            alpha=1.0 if through else 0.45, label=label,
        )  # fmt: skip
    amounts = np.unique(resources)
    ax.set_xscale("log")
    ax.set_xticks(amounts, [f"{int(amount):,}" for amount in amounts])
    ax.xaxis.set_minor_locator(NullLocator())
    counts = [int((resources == amount).sum()) for amount in amounts]
    said = " → ".join(map(str, counts))
    ax.set_xlabel(f"{record.resource} of a round ({said} candidates)")
    ax.set_ylabel(record.direction)
    style.legend(ax)
    return ax


def _time(record: Record, ax: Axes) -> Axes:
    spent = np.cumsum(record.seconds)
    ax.scatter(
        spent, record.scores, s=14, color=style.QUIET, alpha=0.7, linewidth=0, label="candidate"
    )
    ax.step(spent, best_so_far(record), where="post", color=style.HELD_OUT, label="best so far")
    best = record.best
    ax.scatter(
        [spent[best]], [record.scores[best]], marker="*", s=130, color=style.BEST, label="best"
    )
    ax.set_xlabel("seconds of training and scoring so far")
    ax.set_ylabel(record.direction)
    style.legend(ax)
    return ax
