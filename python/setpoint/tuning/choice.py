"""Rules for `refit`: which candidate is the best, if not the one with the highest mean score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["OneStandardError"]


@dataclass(frozen=True)
class OneStandardError:
    """Choose the simplest candidate whose score is as good as the best, but for noise.

    "As good" is: its mean score is at most one standard error of the best candidate's mean below
    it [1]_. Give it to a search's ``refit``. As with every function there, the search then has no
    ``best_score_``.

    Parameters
    ----------
    simpler : tuple of str
        Hyperparameters, the most important first: a candidate is simpler if its value is smaller,
        or with a ``-`` before the name if it is larger. ``None`` as a value is no limit, and
        simpler than nothing. Among equally simple candidates the best is chosen.
    metric : str, default='score'
        Of several metrics, the one that counts.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen and C. Stone, Classification and Regression Trees,
       1984, section 3.4.3.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import GridSearchCV, OneStandardError, RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"max_depth": [1, 2, 4, 8, None]}
    >>> forest = RandomForestClassifier(20, random_state=0)
    >>> rule = OneStandardError(("max_depth",))
    >>> GridSearchCV(forest, grid, refit=rule).fit(X, y).best_params_
    {'max_depth': 2}
    """

    simpler: tuple[str, ...]
    metric: str = "score"

    def __post_init__(self) -> None:
        if isinstance(self.simpler, str):
            raise TypeError(f"give a tuple of names: simpler=({self.simpler!r},)")
        if not self.simpler:
            raise ValueError("name at least one hyperparameter by which candidates are simpler")

    def __call__(self, results: Mapping[str, Any]) -> int:
        """The index of the chosen candidate in ``cv_results_``."""
        means = np.asarray(results[f"mean_test_{self.metric}"], dtype=np.float64)
        known = np.isfinite(means)
        if not known.any():
            return 0
        best = int(np.argmax(np.where(known, means, -np.inf)))
        folds = np.array(
            [
                column[best]
                for name, column in results.items()
                if name.startswith("split") and name.endswith(f"_test_{self.metric}")
            ]
        )
        error = folds.std(ddof=1) / math.sqrt(len(folds)) if len(folds) > 1 else 0.0
        good = [int(k) for k in np.flatnonzero(known & (means >= means[best] - error))]
        return min(good, key=lambda k: (*self._complexity(results["params"][k]), -means[k], k))

    def _complexity(self, params: Mapping[str, Any]) -> tuple[float, ...]:
        """Numbers that are smaller for simpler candidates."""
        return tuple(self._rank(params, name) for name in self.simpler)

    @staticmethod
    def _rank(params: Mapping[str, Any], name: str) -> float:
        sign, bare = (-1.0, name[1:]) if name.startswith("-") else (1.0, name)
        if bare not in params:
            raise ValueError(f"{bare} is not searched; candidates have {list(params)}")
        value = params[bare]
        return math.inf if value is None else sign * float(value)
