"""`Record`: what a search or an optimum tells, in one form for all plots and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from setpoint.hyperparameters.values import equal
from setpoint.report.axis import Axis

if TYPE_CHECKING:
    from setpoint.tuning.function import Optimum

__all__ = ["Record", "metric_of"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """All candidates of a search with their scores, in the order of their evaluation.

    Attributes
    ----------
    metric : str
        What the scores are.
    sign : float
        1 where a larger score is better, -1 where a smaller one is.
    params : sequence of dict
        The candidates, n of them; one may occur in several rounds.
    folds : ndarray of shape (n, n_folds)
        Held-out scores, NaN where there is none.
    training : ndarray of shape (n, n_folds) or None
        Scores on the training rows, if they were kept.
    seconds : ndarray of shape (n,)
        Time spent on each: training and scoring on all folds.
    rounds : ndarray of shape (n,) or None
        The round of a successive halving, from 0.
    resources : ndarray of shape (n,) or None
        How much a candidate got in its round.
    resource : str
        What that is.
    best : int
        The candidate that was chosen.
    estimator : estimator or None
        What was tuned: its declarations say which scales are logarithmic.
    """

    metric: str
    sign: float
    params: Sequence[Mapping[str, Any]]
    folds: Numbers
    training: Numbers | None
    seconds: Numbers
    rounds: NDArray[np.int64] | None
    resources: NDArray[np.int64] | None
    resource: str
    best: int
    estimator: Any = None

    @classmethod
    def of_search(cls, search: Any) -> Record:
        """The record of a fitted search."""
        check_is_fitted(search, "cv_results_")
        table = search.cv_results_
        metric, suffix = metric_of(search)
        n_folds = search.n_splits_

        def scores(kind: str) -> Numbers:
            columns = [table[f"split{k}_{kind}_{suffix}"] for k in range(n_folds)]
            return np.column_stack(columns).astype(np.float64)

        folds = scores("test")
        kept = f"split0_train_{suffix}" in table
        of_rounds = "iter" in table
        seconds = n_folds * (np.asarray(table["mean_fit_time"]) + table["mean_score_time"])
        return cls(
            metric=metric,
            sign=1.0,
            params=table["params"],
            folds=folds,
            training=scores("train") if kept else None,
            seconds=np.nan_to_num(seconds),
            rounds=np.asarray(table["iter"], dtype=np.int64) if of_rounds else None,
            resources=np.asarray(table["n_resources"], dtype=np.int64) if of_rounds else None,
            resource=getattr(search, "resource", ""),
            best=int(search.best_index_) if hasattr(search, "best_index_") else _best(folds),
            estimator=search.estimator,
        )

    @classmethod
    def of_optimum(cls, found: Optimum) -> Record:
        """The record of what `minimize` or `maximize` found."""
        values = np.array([[trial.value] for trial in found.trials], dtype=np.float64)
        known = values[np.isfinite(values)]
        return cls(
            metric="value",
            sign=-1.0 if found.best_value == known.min() < known.max() else 1.0,
            params=[trial.params for trial in found.trials],
            folds=values,
            training=None,
            seconds=np.array([trial.seconds for trial in found.trials]),
            rounds=None,
            resources=None,
            resource="",
            best=int(np.flatnonzero(values[:, 0] == found.best_value)[0]),
        )

    @property
    def n(self) -> int:
        """How many evaluations there are."""
        return len(self.params)

    @cached_property
    def scores(self) -> Numbers:
        """Mean held-out score of each, NaN where a fold is missing; shape (n,)."""
        return np.asarray(self.folds.mean(axis=1))

    @cached_property
    def training_scores(self) -> Numbers | None:
        """Mean training score of each, shape (n,)."""
        return None if self.training is None else self.training.mean(axis=1)

    @cached_property
    def spread(self) -> Numbers:
        """Standard deviation over the folds, shape (n,)."""
        return np.asarray(self.folds.std(axis=1))

    @cached_property
    def worth(self) -> Numbers:
        """The scores, turned so that larger is better; shape (n,)."""
        return np.asarray(self.sign * self.scores)

    @cached_property
    def comparable(self) -> NDArray[np.int64]:
        """Numbers of the evaluations on equal terms: with a score, and of the first round."""
        known = np.isfinite(self.scores)
        if self.rounds is not None:
            known &= self.rounds == self.rounds[known].min(initial=np.iinfo(np.int64).max)
        return np.flatnonzero(known)

    @property
    def names(self) -> list[str]:
        """The hyperparameters that differ between candidates."""
        every = dict.fromkeys(name for params in self.params for name in params)
        return [name for name in every if not _is_constant(self.params, name)]

    def axis(self, name: str) -> Axis:
        """The axis of a hyperparameter; `ValueError` if it was not searched."""
        if not any(name in params for params in self.params):
            raise ValueError(f"{name!r} was not searched; these were: {', '.join(self.names)}")
        return Axis.of(name, self.params, self.estimator)

    @property
    def direction(self) -> str:
        """Say which scores are better, where that is not plain."""
        return f"{self.metric} (smaller is better)" if self.sign < 0 else self.metric


def metric_of(search: Any) -> tuple[str, str]:
    """The name of the metric that decided, and what it is called in ``cv_results_``."""
    if search.multimetric_:
        name = search.refit if isinstance(search.refit, str) else next(iter(search.scorer_))
        return name, name
    scoring = search.scoring
    if isinstance(scoring, str):
        return scoring, "score"
    if scoring is not None:
        function = getattr(scoring, "_score_func", scoring)
        return getattr(function, "__name__", "score"), "score"
    if is_classifier(search.estimator):
        return "accuracy", "score"
    return ("R²" if is_regressor(search.estimator) else "score"), "score"


def _best(folds: Numbers) -> int:
    means = folds.mean(axis=1)
    return int(np.argmax(np.where(np.isfinite(means), means, -np.inf)))


def _is_constant(params: Sequence[Mapping[str, Any]], name: str) -> bool:
    if any(name not in candidate for candidate in params):
        return False
    first = params[0][name]
    return all(equal(candidate[name], first) for candidate in params)
