"""`Watchers`: callbacks of a search that want to know of each candidate while the search runs.

scikit-learn's callbacks hear that a fit has ended, and not what its score was. Those that have a
method ``on_candidate_end`` too hear that of each candidate, as soon as all its folds are scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from setpoint.tuning.search import Candidate
from setpoint.tuning.task import Group, Result


class Watchers:
    """Tells ``on_candidate_end(search, number, params, results)`` of a search's callbacks.

    `number` is the place of the candidate in ``cv_results_``; `results` are by fold, as
    scikit-learn's `_fit_and_score` gives them. What a journal knew already is not told.

    Parameters
    ----------
    search : search
        Whose callbacks they are.
    """

    def __init__(self, search: Any) -> None:
        callbacks = getattr(search, "_skl_callbacks", ())
        self._told = [c.on_candidate_end for c in callbacks if hasattr(c, "on_candidate_end")]
        self._search = search
        self._first, self._n_folds = 0, 0
        self._candidates: Sequence[Candidate] = ()
        self._open: dict[int, dict[int, Result]] = {}

    def begin(self, first: int, candidates: Sequence[Candidate], n_folds: int) -> None:
        """Say that a batch begins, and which number its first candidate has."""
        self._first, self._candidates, self._n_folds = first, candidates, n_folds
        self._open = {number: {} for number in range(len(candidates))}

    def add(self, group: Group) -> None:
        """Take results; tell of the candidates that they complete."""
        if not self._told:
            return
        for number, fold, result in group.rows():
            row = self._open[number]
            row[fold] = result
            if len(row) == self._n_folds:
                results = [row[k] for k in range(self._n_folds)]
                for told in self._told:
                    told(self._search, self._first + number, self._candidates[number], results)
