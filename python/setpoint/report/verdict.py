"""Whether a search shows under- or overfitting, in words, and where its ranges were too narrow.

A difference between two candidates counts if a one-sided paired t-test over the folds says so, at
5 %: the folds are the same for both, so what makes a fold hard for all takes no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from setpoint.report.axis import label_of
from setpoint.report.curves import Curve, first_row_of_best
from setpoint.report.record import Record
from setpoint.tuning.space.default import declaration

__all__ = ["Side", "Verdict", "edges", "sides", "verdict"]

Numbers = NDArray[np.float64]

_LEVEL = 0.05
_LITTLE = 0.1  # an error of so little beside another is none


@dataclass(frozen=True)
class Verdict:
    """A headline of a word or two, and the reasons in sentences."""

    headline: str
    reasons: str


@dataclass(frozen=True)
class Side:
    """A stretch of a curve beside its best point, and what the model does there."""

    first: float
    last: float
    does: str


def is_less(one: Numbers, other: Numbers) -> bool:
    """Whether the scores `one` are below `other` by more than the folds leave open."""
    difference = other - one
    n = len(difference)
    if n < 2:
        return bool(difference.mean() > 0)
    error = difference.std(ddof=1) / np.sqrt(n)
    return bool(difference.mean() > 0 and difference.mean() > t.ppf(1 - _LEVEL, n - 1) * error)


def sides(curve: Curve) -> list[Side]:
    """What the model does on either side of the best point of a validation curve.

    It underfits where held-out and training score are both below those of the best point, and
    overfits where the held-out score is below although the training score is not. A side is told
    where that holds for half of its points.
    """
    best = int(np.argmax(curve.held_out.mean(axis=1)))
    found = []
    for ends in ((0, best - 1), (best + 1, len(curve.places) - 1)):
        inside = range(ends[0], ends[1] + 1)
        worse = [i for i in inside if is_less(curve.held_out[i], curve.held_out[best])]
        if not worse or 2 * len(worse) < len(inside):
            continue
        first, last = curve.places[worse[0]], curve.places[worse[-1]]
        found.append(Side(float(first), float(last), _does(curve, worse, best)))
    return found


def _does(curve: Curve, worse: list[int], best: int) -> str:
    if curve.training is None:
        return "worse"
    under = [is_less(curve.training[i], curve.training[best]) for i in worse]
    return "underfits" if np.mean(under) >= 0.5 else "overfits"


def verdict(record: Record) -> Verdict:
    """Whether the best candidate underfits or overfits, as far as the candidates tell."""
    best = chosen = record.best
    spread = f"{record.scores[best]:.4g} ± {record.spread[best]:.2g} over the folds"
    if record.training is None:
        return Verdict(
            "Not known",
            f"Held-out {record.metric}: {spread}. Scores on the training rows were not kept: "
            "search with return_train_score=True to see whether the best underfits or overfits.",
        )
    held_out, training = record.folds, record.training
    gap = training[best].mean() - held_out[best].mean()
    seen = (
        f"The best has {record.metric} {training[best].mean():.4g} on its training rows and "
        f"{spread} held out, a gap of {gap:.2g}."
    )
    if record.rounds is not None:
        seen += " As judged in the first round:"
    best = first_row_of_best(record)  # the others did not all reach the round of the best
    rows = [i for i in record.comparable if is_less(held_out[i], held_out[best])]
    simpler = sum(is_less(training[i], training[best]) for i in rows)
    closer = sum(not is_less(training[i], training[best]) for i in rows)
    counted = f"{simpler} candidates fit their training rows less and are worse held out"
    also = f"{closer} fit them as closely or more closely and are worse held out"
    if not rows:
        return Verdict(
            "No clear difference",
            f"{seen} No candidate is worse by more than the folds leave open: the choice among "
            "them hardly matters, or the ranges were too narrow to see its effect.",
        )
    if simpler and closer:
        return Verdict(
            "Balanced",
            f"{seen} {counted} (underfitting); {also} (overfitting). Both sides are seen.",
        )
    limit = 0.0 if _is_loss(record.metric) else 1.0
    errors = [abs(limit - scores[chosen].mean()) for scores in (training, held_out)]
    if simpler and errors[0] <= _LITTLE * errors[1]:
        return Verdict(
            "No overfitting seen",
            f"{seen} {counted} (underfitting), and none shows overfitting. The best makes next to "
            "no error on its training rows, so no model can fit them much more closely; more rows "
            "may help.",
        )
    if simpler:
        return Verdict(
            "Rather underfits",
            f"{seen} {counted}, and none shows overfitting: the search has not gone far enough "
            "towards flexible models. Widen the ranges that way.",
        )
    return Verdict(
        "Rather overfits",
        f"{seen} {also}, and none shows underfitting: the search has not gone far enough towards "
        "restrained models. Widen the ranges that way, or add rows.",
    )


def _is_loss(metric: str) -> bool:
    """Whether 0 is the best that a score can be, as scikit-learn names them; else it is 1."""
    return metric.startswith("neg_")


def edges(record: Record) -> list[str]:
    """Hyperparameters of the best candidate that lie at an end of what was tried, in words."""
    found = []
    for name in record.names:
        axis = record.axis(name)
        value = axis.values[record.best]
        if len(axis.numbers) < 3 or value in axis.others:
            continue
        low, high = axis.numbers[0], axis.numbers[-1]
        if (
            float(value) == low
            and not axis.has_zero
            and _is_legal(record, name, _beyond(value, -1))
        ):
            found.append(f"{name} = {label_of(value)} is the lowest value tried")
        if float(value) == high and _is_legal(record, name, _beyond(value, 1)):
            found.append(f"{name} = {label_of(value)} is the highest value tried")
    return found


def _beyond(value: Any, direction: int) -> Any:
    """A value a little further that way."""
    if isinstance(value, Integral):
        return int(value) + direction
    return float(value) + direction * max(abs(float(value)) / 2, 1e-6)


def _is_legal(record: Record, name: str, value: Any) -> bool:
    """Whether a search could go on to this value, as far as declarations tell."""
    found = None if record.estimator is None else declaration(record.estimator, name)
    return found is None or value in found.domain
