"""`Race`: candidates that the folds done so far rule out are not evaluated on the others.

Which candidates share their trainings, and how they are evaluated, is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from setpoint.tuning.search import Scores

__all__ = ["Race"]

_ROUNDING = 1e-9
"""Scores that differ by less, relative to the largest, are equal."""

_LEAST = 1e-5
"""Variances below this share of the middle one count as that: where they are 0 by chance."""

Variances = NDArray[np.float64]


@dataclass(frozen=True)
class Race:
    """When a candidate is dropped on some of the folds: give it to a search's ``race``.

    After `min_folds` folds and after each further one, every candidate is compared with the best so
    far by a paired t-test on their differences by fold, corrected for the number of comparisons
    [1]_. The test asks how this cross-validation will end, not how other data would do: from the
    mean m and the variance v of the differences on j of k folds, that on all of them is predicted
    as m ± t sqrt(v (1/j - 1/k)). What folds have in common, such as training rows, is common to the
    folds to come and takes nothing from it. Few folds say little about a variance, so v is
    moderated by those of all candidates [2]_.

    Candidates that one training serves are dropped together or not at all.

    Parameters
    ----------
    alpha : float, default=0.05
        The probability of dropping a candidate that would have ended as the best.
    min_folds : int, default=3
        No candidate is dropped on fewer folds.

    References
    ----------
    .. [1] O. Maron and A. Moore, Hoeffding races, NIPS 1993; M. Birattari, T. Stützle, L. Paquete
       and K. Varrentrapp, A racing algorithm for configuring metaheuristics, GECCO 2002; M. Kuhn,
       Futility analysis in the cross-validation of machine learning models, arXiv:1405.6974, 2014.
    .. [2] G. Smyth, Linear models and empirical Bayes methods for assessing differential expression
       in microarray experiments, Stat. Appl. Genet. Mol. Biol. 3, 2004, sections 4 to 6.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from setpoint import GridSearchCV, Race, RandomForestClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> grid = {"max_features": [1, 2, 4, 8, 13], "max_samples": [0.05, 0.2, 1.0]}
    >>> forest = RandomForestClassifier(20, random_state=0)
    >>> search = GridSearchCV(forest, grid, cv=10, race=Race(alpha=0.01)).fit(X, y)
    >>> len(search.dropped_), search.n_fits_
    (10, 123)
    """

    alpha: float = 0.05
    min_folds: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, got {self.alpha}")
        if isinstance(self.min_folds, bool) or not isinstance(self.min_folds, int | np.integer):
            raise TypeError(f"min_folds must be a whole number, got {self.min_folds!r}")
        if self.min_folds < 2:
            raise ValueError(f"min_folds must be at least 2, got {self.min_folds}")

    @classmethod
    def of(cls, race: bool | Race) -> Race | None:
        """The rule that a search's ``race`` stands for."""
        if isinstance(race, Race):
            return race
        return cls() if race else None

    def check(self, n_folds: int) -> None:
        """Refuse a number of folds of which none could be saved."""
        if n_folds <= self.min_folds:
            raise ValueError(
                f"race drops no candidate before min_folds={self.min_folds} folds, and cv has "
                f"{n_folds}: it needs more of them, or Race(min_folds=...) fewer"
            )

    def ruled_out(self, scores: Scores, n_folds: int) -> NDArray[np.bool_]:
        """Which of the candidates would end above the best by chance only.

        Parameters
        ----------
        scores : ndarray of shape (n_candidates, n_done)
            Held-out scores on the folds done; a candidate with NaN has failed, and is ruled out.
        n_folds : int
            Folds in all.
        """
        known = np.isfinite(scores).all(axis=1)
        rivals = scores[known]
        out: NDArray[np.bool_] = np.logical_not(known)
        if len(rivals) < 2:
            return out
        n_done = scores.shape[1]
        best = int(rivals.mean(axis=1).argmax())
        others = np.delete(np.arange(len(rivals)), best)
        behind = rivals[best] - rivals[others]
        variances, freedom = moderated(behind.var(axis=1, ddof=1), n_done - 1)
        # Each look at each other candidate may be wrong.
        level = self.alpha / (len(others) * (n_folds - self.min_folds))
        reach = stats.t.isf(level, freedom) * np.sqrt(variances * (1 / n_done - 1 / n_folds))
        is_out = behind.mean(axis=1) > reach + _ROUNDING * np.abs(rivals).max()
        out[np.flatnonzero(known)[others]] = is_out
        return out


def moderated(variances: Variances, freedom: float) -> tuple[Variances, float]:
    """Variances that learn from each other, and their degrees of freedom.

    The true variances are taken for draws of an inverse chi-squared distribution with d degrees of
    freedom around s, which the moments of the logarithms tell (Smyth 2004, section 6.2); returned
    are the posterior means, (d s + freedom v) / (d + freedom).

    Parameters
    ----------
    variances : ndarray of shape (n,)
        Estimates v with so many degrees of freedom each.
    freedom : float
        As many.
    """
    positive = variances[variances > 0]
    if len(positive) < 3:
        return variances, freedom
    logs = np.log(np.maximum(positive, _LEAST * np.median(positive)))
    mean = logs.mean() - special.digamma(freedom / 2) + math.log(freedom / 2)
    excess = float(logs.var(ddof=1) - special.polygamma(1, freedom / 2))
    if excess <= 0:  # they differ by chance only
        return np.full_like(variances, math.exp(mean)), math.inf
    half = _trigamma_inverse(excess)
    s = math.exp(mean + special.digamma(half) - math.log(half))
    prior = 2 * half
    return (prior * s + freedom * variances) / (prior + freedom), prior + freedom


def _trigamma_inverse(value: float) -> float:
    """Solve trigamma(x) = value by Newton's method on 1 / trigamma (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        there = float(special.polygamma(1, x))
        step = there * (1 - there / value) / float(special.polygamma(2, x))
        x += step
        if -step < 1e-8 * x:
            break
    return x
