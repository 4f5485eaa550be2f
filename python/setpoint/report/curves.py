"""What plots and page draw of a record: running bests, validation curves, rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.report.axis import Axis, label_of
from setpoint.report.record import Record

__all__ = [
    "Curve",
    "Line",
    "best_so_far",
    "describe",
    "first_row_of_best",
    "lines_of_rounds",
    "rung_curve",
    "settings",
    "validation",
]

Numbers = NDArray[np.float64]

_BINS = 8


@dataclass(frozen=True)
class Curve:
    """Training and held-out scores along something, as means and spreads over the folds.

    Attributes
    ----------
    places : ndarray of shape (m,)
        Ascending coordinates.
    held_out, training : ndarray of shape (m, n_folds)
        Scores; `training` is None where it was not kept.
    axis : Axis or str
        The hyperparameter that the places are of, or the name of a plain number.
    of : str
        Of which candidates, in words.
    """

    places: Numbers
    held_out: Numbers
    training: Numbers | None
    axis: Axis | str
    of: str


@dataclass(frozen=True)
class Line:
    """The scores of one candidate over the rounds of a halving."""

    resources: NDArray[np.int64]
    scores: Numbers
    label: str
    is_best: bool


def best_so_far(record: Record) -> Numbers:
    """The best score among the first i + 1 evaluations, NaN before there is one; shape (n,).

    In a successive halving each round begins anew: scores on more of the resource are others.
    """
    best = np.full(record.n, np.nan)
    rounds = np.zeros(record.n) if record.rounds is None else record.rounds
    for number in np.unique(rounds):
        rows = rounds == number
        best[rows] = np.fmax.accumulate(record.worth[rows])
    return record.sign * best


def settings(params: Any) -> list[str]:
    """The hyperparameters of a candidate in words."""
    return [f"{name}={label_of(value)}" for name, value in params.items()]


def describe(params: Any) -> str:
    """A candidate in words."""
    return ", ".join(settings(params)) or "defaults"


def validation(record: Record, name: str) -> Curve:
    """Scores along one hyperparameter.

    The other hyperparameters are those of the best candidate where the search tried at least two
    values beside them; else each point is the best candidate among those with about that value.
    """
    rows = _last_round(record)
    axis = record.axis(name)
    places = axis.coordinates
    rest = {key: value for key, value in record.params[record.best].items() if key != name}
    beside = [i for i in rows if _others(record.params[i], name) == rest]
    if len({places[i] for i in beside}) >= 2:
        rows = np.array(beside)
        said = describe(rest) if rest else ""
        of = f"the others as in the best: {said}" if said else ""
    else:
        of = "the best candidate at each value"
    chosen = _best_in_bins(record, rows, places, axis)
    shown = Axis.of(name, [record.params[i] for i in chosen], record.estimator)
    return Curve(
        shown.coordinates,
        record.folds[chosen],
        None if record.training is None else record.training[chosen],
        shown,
        of,
    )


def rung_curve(record: Record) -> Curve:
    """Scores of the chosen candidate over the rounds of a halving, along the resource."""
    assert record.resources is not None
    rows = np.array(_rows_of(record, record.best))
    rows = rows[np.argsort(record.resources[rows], kind="stable")]
    return Curve(
        record.resources[rows].astype(np.float64),
        record.folds[rows],
        None if record.training is None else record.training[rows],
        record.resource,
        describe(_others(record.params[record.best], record.resource)),
    )


def lines_of_rounds(record: Record) -> list[Line]:
    """The candidates of a halving, each over the rounds that it reached."""
    assert record.resources is not None
    found: dict[str, list[int]] = {}
    for i in range(record.n):
        found.setdefault(_key(record, i), []).append(i)
    best = _key(record, record.best)
    return [
        Line(
            record.resources[rows],
            record.scores[rows],
            describe(_others(record.params[rows[0]], record.resource)),
            key == best,
        )
        for key, rows in found.items()
    ]


def _last_round(record: Record) -> NDArray[np.int64]:
    """Evaluations with a score, of the round of the best."""
    known = np.isfinite(record.scores)
    if record.rounds is not None:
        known &= record.rounds == record.rounds[record.best]
    return np.flatnonzero(known)


def _others(params: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key != name}


def _key(record: Record, row: int) -> str:
    return repr(sorted(_others(record.params[row], record.resource).items()))


def first_row_of_best(record: Record) -> int:
    """The row of the chosen candidate in the first round; its only row where there are none."""
    return _rows_of(record, record.best)[0] if record.rounds is not None else record.best


def _rows_of(record: Record, row: int) -> list[int]:
    key = _key(record, row)
    return [i for i in range(record.n) if _key(record, i) == key]


def _best_in_bins(
    record: Record, rows: NDArray[np.int64], places: Numbers, axis: Axis
) -> NDArray[np.int64]:
    """The best of `rows` at each value, or in each of a few parts of a range of many values."""
    if len(np.unique(places[rows])) <= max(_BINS, len(axis.ticks[0])):
        bins = places[rows]
    else:
        bins = np.where(places[rows] <= 1.0, np.floor(places[rows] * _BINS * 0.9999), places[rows])
    chosen = [
        max(rows[bins == number], key=lambda i: record.worth[i]) for number in np.unique(bins)
    ]
    return np.array(sorted(chosen, key=lambda i: places[i]), dtype=np.int64)
