"""How much each hyperparameter matters, alone and in pairs. The core computes it.

Here the candidates of a record become cells of columns; what is done with them is in
``rust/core/src/importance``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint import _core
from setpoint.report.axis import ABSENT, Axis
from setpoint.report.record import Record
from setpoint.threads import threads

__all__ = ["Importance", "importance"]

Numbers = NDArray[np.float64]

N_TREES = 64
_MOST_CELLS = 32


@dataclass(frozen=True)
class Cells:
    """An axis, cut.

    Attributes
    ----------
    axis : Axis
        What is cut.
    centres : ndarray of shape (m,)
        The coordinate of each cell.
    weights : ndarray of shape (m,)
        How likely each cell is before a score is known.
    of : ndarray of shape (n,)
        The cell of each candidate.
    """

    axis: Axis
    centres: Numbers
    weights: Numbers
    of: NDArray[np.int64]


@dataclass(frozen=True)
class Importance:
    """Shares of the variance of the scores over the whole space.

    Attributes
    ----------
    names : list of str
        The hyperparameters.
    cells : list of Cells
        How they were cut.
    """

    names: list[str]
    cells: list[Cells]
    _anova: Any = field(repr=False)

    @cached_property
    def _shares(self) -> dict[str, Any]:
        return dict(self._anova.shares())

    @property
    def alone(self) -> Numbers:
        """The share of each hyperparameter alone, shape (d,)."""
        return np.asarray(self._shares["alone"])

    @property
    def deviation(self) -> Numbers:
        """The standard deviation of `alone` over the trees, shape (d,)."""
        return np.asarray(self._shares["deviation"])

    @property
    def pairs(self) -> Numbers:
        """The share of each pair beyond its two alone, shape (d, d)."""
        return np.asarray(self._shares["pairs"])

    @property
    def order(self) -> list[int]:
        """The hyperparameters from most to least important."""
        return [int(i) for i in np.argsort(-self.alone, kind="stable")]

    def strongest_pairs(self, most: int = 5) -> list[tuple[str, str, float]]:
        """Pairs with a share of at least 1 in 100, from the strongest on."""
        d = len(self.names)
        found = [
            (self.names[i], self.names[j], float(self.pairs[i, j]))
            for i in range(d)
            for j in range(i + 1, d)
            if self.pairs[i, j] >= 0.01
        ]
        return sorted(found, key=lambda pair: -pair[2])[:most]

    def curve(self, name: str) -> tuple[Numbers, Numbers, Numbers]:
        """Coordinates along an axis, mean score there over all others, and its deviation."""
        column = self.names.index(name)
        mean, deviation = self._anova.curve(column)
        return self.cells[column].centres, np.asarray(mean), np.asarray(deviation)

    def surface(self, first: str, second: str) -> tuple[Numbers, Numbers, Numbers]:
        """Coordinates (m,) and (k,) of two axes, and mean scores (m, k) over all others."""
        i, j = self.names.index(first), self.names.index(second)
        mean = np.asarray(self._anova.surface(i, j))
        return self.cells[i].centres, self.cells[j].centres, mean


def importance(record: Record, names: Sequence[str] | None = None) -> Importance:
    """Importance of the hyperparameters of a record.

    Parameters
    ----------
    record : Record
        What was evaluated. Of a successive halving, the first round counts: later ones compare
        survivors only.
    names : sequence of str or None
        The hyperparameters; None: all that differ.

    Raises
    ------
    ValueError
        If no hyperparameter or no score differs.
    """
    rows = record.comparable
    kept = [record.params[i] for i in rows]
    axes = [Axis.of(name, kept, record.estimator) for name in (names or record.names)]
    axes = [axis for axis in axes if axis.n_distinct > 1]
    scores = record.scores[rows]
    if not axes or len(np.unique(scores)) < 2:
        raise ValueError(
            "importance needs candidates that differ in a hyperparameter and in their scores; "
            f"{len(rows)} candidates of {record.n} can be compared"
        )
    cells = [_cut(axis) for axis in axes]
    anova = _core.Anova(
        [(cut.weights.tolist(), cut.axis.is_ordered) for cut in cells],
        np.ascontiguousarray(np.column_stack([cut.of for cut in cells])),
        scores,
        n_trees=N_TREES,
        seed=0,
        n_threads=threads(None),
    )
    return Importance([axis.name for axis in axes], cells, anova)


def _cut(axis: Axis) -> Cells:
    """A cell for each value, or for each of many equal parts of a range."""
    places = axis.coordinates
    among = places <= 1.0 if axis.numbers else np.zeros(len(places), dtype=bool)
    n_numbers = len(axis.numbers)
    if n_numbers <= _MOST_CELLS:
        centres = np.array([axis.place(number) for number in axis.numbers])
        of = np.searchsorted(centres, places - 1e-9)
        n_cells = n_numbers
    else:
        n_cells = _MOST_CELLS
        centres = (np.arange(n_cells) + 0.5) / n_cells
        of = np.minimum((places * n_cells).astype(np.int64), n_cells - 1)
    beyond = [axis.place(value) for value in axis.others]
    for which, place in enumerate(beyond):
        of[~among & np.isclose(places, place)] = n_cells + which
    weights = _weights(axis, centres)
    return Cells(axis, np.concatenate([centres, beyond]), weights, of.astype(np.int64))


def _weights(axis: Axis, centres: Numbers) -> Numbers:
    """Numbers are as likely as their cells are wide, which reach halfway to their neighbours.

    A listed value beside the numbers is as likely as one of these, a range as one such value.
    """
    widths = np.ones(len(centres))
    if len(centres) > 1:
        gaps = np.diff(centres)
        widths = np.concatenate([gaps[:1], (gaps[1:] + gaps[:-1]) / 2, gaps[-1:]])
        widths *= (len(centres) if axis.is_listed else 1) / widths.sum()
    others = [value for value in axis.others if value is not ABSENT]
    known = np.concatenate([widths, np.ones(len(others))])
    if len(others) == len(axis.others):
        return np.asarray(known / known.sum())
    # How often something applies is a matter of the space: as often as among the candidates.
    absent = sum(value is ABSENT for value in axis.values) / len(axis.values)
    return np.append((1 - absent) * known / known.sum(), absent)
