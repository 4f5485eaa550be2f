"""`Unfinished`: trainings that the next round of a search goes on with, instead of beginning anew.

A round of a successive halving trains as the one before it, only longer: more trees or epochs. The
core keeps what it needs to go on; here is known which data it is of.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.tuning.identity import fingerprint
from setpoint.tuning.task import Fold


class Unfinished:
    """What the trainings of a round leave behind.

    Parameters
    ----------
    resource : str
        The hyperparameter of which each round has more.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource.rpartition("__")[2]
        self._core = _core.Unfinished()

    def turn(self) -> None:
        """Begin a round: what the one before has left, and this one does not take, is dropped."""
        self._core.turn()

    def of(
        self, estimator: Any, data: SweepData, folds: Iterable[Fold]
    ) -> tuple[_core.Unfinished, str] | None:
        """The place of trainings on these rows; None if those of the estimator begin anew."""
        if estimator._continues != self._resource:
            return None
        rows = [(fold.train, fold.test) for fold in folds]
        return self._core, fingerprint([data.X, data.y, data.sample_weight, rows])
