"""Logarithms of probabilities, for every classifier that has probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

__all__ = ["LogProbabilityMixin"]


def _has_probabilities(estimator: Any) -> bool:
    _ = estimator.predict_proba  # an error that says why, where there is none
    return True


class LogProbabilityMixin:
    """`predict_log_proba` from whatever `predict_proba` gives, and where that is available."""

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of each class's probability; -inf where that is 0.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray, or list of ndarray
            The logarithms of what `predict_proba` gives.
        """
        proba = self.predict_proba(X)  # type: ignore[attr-defined]
        with np.errstate(divide="ignore"):
            return [np.log(p) for p in proba] if isinstance(proba, list) else np.log(proba)
