"""Scores in the order of evaluation, with the best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.curves import best_so_far
from setpoint.report.figures import style
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(record: Record, ax: Axes | None = None) -> Axes:
    """Points for candidates, a line for the best so far."""
    ax = style.axes(ax)
    number = np.arange(1, record.n + 1)
    ax.scatter(
        number, record.scores, s=14, color=style.QUIET, alpha=0.7, linewidth=0, label="candidate"
    )
    best = best_so_far(record)
    rounds = np.zeros(record.n) if record.rounds is None else record.rounds
    for k in np.unique(rounds):
        rows = rounds == k
        ax.step(
            number[rows],
            best[rows],
            where="post",
            color=style.HELD_OUT,
            label="best so far" if k == rounds[0] else None,
        )
    if record.rounds is not None:
        _mark_rounds(ax, record)
    chosen = record.best
    ax.scatter(
        [chosen + 1], [record.scores[chosen]], marker="*", s=130, color=style.BEST, label="best"
    )
    ax.set_xlim(0.5 - 0.02 * record.n, record.n + 0.5 + 0.02 * record.n)
    style.whole_numbers(ax)
    rounds_said = "" if record.rounds is None else f"; rounds by {record.resource}"
    ax.set_xlabel(f"candidate, in the order of evaluation{rounds_said}")
    ax.set_ylabel(record.direction)
    style.legend(ax, 1.0 if record.rounds is None else 1.05)
    return ax


def _mark_rounds(ax: Any, record: Record) -> None:
    """A line where a round begins, and how much of the resource it gives, where there is room."""
    assert record.rounds is not None and record.resources is not None
    last = -np.inf
    for k in np.unique(record.rounds):
        numbers = 1 + np.flatnonzero(record.rounds == k)
        if numbers[0] > 1:
            ax.axvline(numbers[0] - 0.5, color=style.QUIET, linewidth=0.8, linestyle=":")
        middle = float(numbers.mean())
        if middle - last < 0.08 * record.n:
            continue
        last = middle
        ax.annotate(
            f"{record.resources[numbers[0] - 1]:,}",
            (middle, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color="#5a6470",
        )
