"""What is to be evaluated (`Task`) and what came out (`Board`), for both ways to evaluate.

No evaluation happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from setpoint.tuning.search import Candidate, Clock, Progress

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

    `refitted` is filled with what the sweeps have of all rows, by candidate: data and model.
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
    seed: Callable[[], int]
    clock: Clock
    progress: Progress
    refit: bool = False
    refitted: dict[int, tuple[Any, Any]] = field(default_factory=dict)


@dataclass
class Board:
    """The results so far, one row a candidate and one column a fold, None where there is none."""

    n_candidates: int
    n_folds: int
    n_fits: int = 0
    warnings: list[str] = field(default_factory=list)
    results: list[list[Result | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.results = [[None] * self.n_folds for _ in range(self.n_candidates)]

    def pending(self) -> Iterator[tuple[int, int]]:
        """(candidate, fold) without a result, in scikit-learn's order."""
        for candidate, row in enumerate(self.results):
            for fold, result in enumerate(row):
                if result is None:
                    yield candidate, fold

    def done(self) -> list[Result]:
        """Give the results that exist, in scikit-learn's order."""
        return [result for row in self.results for result in row if result is not None]
