"""`UnderNoise`: when a Bayesian search may end, because what is left to gain is less than noise.

Of A. Makarova et al., Automatic termination for hyperparameter optimization, AutoML 2022.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["UnderNoise", "width"]

_CONFIDENCE = 0.1
"""The probability with which the bound may fail, delta in the paper."""

_NARROWER = 5
"""The variance of the bound is divided by that, as in the paper's experiments."""


def width(n_columns: int, n_points: int) -> float:
    """How many standard deviations a bound of the surrogate is wide, sqrt(beta) in the paper."""
    unlikely = n_columns * n_points**2 * math.pi**2 / (6 * _CONFIDENCE)
    return math.sqrt(2 * math.log(unlikely) / _NARROWER)


class UnderNoise:
    """Compares a bound of the regret with the standard error of the best candidate's score.

    Attributes
    ----------
    reason : str or None
        Why the search ended, in words; None: it did not.
    """

    def __init__(self) -> None:
        self.reason: str | None = None

    def is_reached(self, regret: float | None, folds: Any) -> bool:
        """Whether so much regret at most is less than noise.

        Parameters
        ----------
        regret : float or None
            How much better than the best so far the best of the space may be; None: not known.
        folds : ndarray of shape (n_folds,) or None
            The scores of the best so far; None: there is none.
        """
        if regret is None or folds is None:
            return False
        # The folds share training rows: Nadeau and Bengio, Inference for the generalization error,
        # 2003, with a held-out share of 1 / (k - 1) of the training rows.
        k = len(folds)
        error = math.sqrt(1 / k + 1 / (k - 1)) * float(folds.std(ddof=1))
        if regret >= error:
            return False
        self.reason = (
            f"at most {regret:.3g} is left to gain, less than the standard error of the best "
            f"score, {error:.3g}"
        )
        return True
