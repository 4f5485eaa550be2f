"""What is to be evaluated (`Task`) and what came out (`Board`), for both ways to evaluate.

No evaluation happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from setpoint.tuning.search import Candidate, Clock, Progress
from setpoint.tuning.seeds import Seed

if TYPE_CHECKING:
    from setpoint.tuning.unfinished import Unfinished

Result: TypeAlias = dict[str, Any]
"""One candidate on one fold, as scikit-learn's `_fit_and_score` gives it."""

Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Row numbers of the training and the held-out rows."""

    train: Rows
    test: Rows


@dataclass(frozen=True)
class Task:
    """One batch of candidates on the folds of one data set.

    `estimator` is a clone of the search's, with the seed of the search where it had none. `scorer`,
    `fit_params` and `score_params` are what scikit-learn's search made of the user's arguments.

    `in_passes`: what is finished shall be on the board after each pass (`passes.py`), not after all
    of them. `unfinished` has trainings to go on with, and takes those of this batch. `cache` has
    what several batches share, by what it is made of. `refitted` is filled with what the sweeps
    have of all rows, by candidate: data and model.
    """

    estimator: Any
    candidates: Sequence[Candidate]
    X: Any
    y: Any
    folds: Sequence[Fold]
    scorer: Any
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    return_train_score: bool
    error_score: Any
    verbose: int
    n_jobs: int | None
    pre_dispatch: Any
    seed: Seed
    clock: Clock
    progress: Progress
    fit_time_limit: float | None = None
    in_passes: bool = False
    unfinished: Unfinished | None = None
    refit: bool = False
    refitted: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    cache: dict[Hashable, Any] = field(default_factory=dict)


@dataclass
class Group:
    """What was evaluated together: results by (candidate, fold), and what training them took."""

    results: dict[tuple[int, int], Result] = field(default_factory=dict)
    n_fits: int = 0
    warnings: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, int, Result]]:
        """Candidate, fold and result of each evaluation."""
        for (candidate, fold), result in self.results.items():
            yield candidate, fold, result


class Board:
    """The results so far, one row a candidate and one column a fold, None where there is none.

    A result is *open* if there is none and one is wanted: on the first folds only, as far as they
    are opened, and of a candidate that is not dropped.

    Parameters
    ----------
    n_candidates, n_folds : int
        Its shape.
    keep : callable or None
        Is called with each group that is finished.
    """

    def __init__(
        self, n_candidates: int, n_folds: int, keep: Callable[[Group], None] | None = None
    ) -> None:
        self.results: list[list[Result | None]] = [[None] * n_folds for _ in range(n_candidates)]
        self.n_fits = 0
        self.warnings: list[str] = []
        self.n_opened = n_folds
        self.dropped: set[int] = set()
        self._keep = keep

    def add(self, group: Group) -> None:
        """Put a finished group on the board, and have it kept."""
        if self._keep is not None and group.results:
            self._keep(group)
        self.fill(group)

    def fill(self, group: Group) -> None:
        """Put on the board what is kept already."""
        for (candidate, fold), result in group.results.items():
            self.results[candidate][fold] = result
        self.n_fits += group.n_fits
        self.warnings += group.warnings

    def drop(self, candidates: Iterable[int]) -> None:
        """Want no more of these candidates than the folds that are opened."""
        for candidate in candidates:
            self.dropped.add(candidate)
            # A journal may have more, of a longer or shorter search.
            row = self.results[candidate]
            row[self.n_opened :] = [None] * (len(row) - self.n_opened)

    def lacks(self, candidate: int, fold: int) -> bool:
        """Whether a result is open."""
        is_wanted = fold < self.n_opened and candidate not in self.dropped
        return is_wanted and self.results[candidate][fold] is None

    def pending(self) -> Iterator[tuple[int, int]]:
        """(candidate, fold) of the results that are open, in scikit-learn's order."""
        for candidate, row in enumerate(self.results):
            for fold in range(len(row)):
                if self.lacks(candidate, fold):
                    yield candidate, fold

    def places(self) -> Iterator[tuple[int, int]]:
        """(candidate, fold) with a result."""
        for candidate, row in enumerate(self.results):
            for fold, result in enumerate(row):
                if result is not None:
                    yield candidate, fold

    def done(self) -> list[Result]:
        """Give the results that exist, in scikit-learn's order."""
        return [result for row in self.results for result in row if result is not None]
