"""From the core's predictions to scikit-learn's: classes and probabilities, or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.base import SweepEstimator, Values
from setpoint.estimators.probabilities import LogProbabilityMixin
from setpoint.estimators.scikit import ClassifierMixin, MultiOutputMixin, RegressorMixin

__all__ = ["SweepClassifier", "SweepRegressor"]


class SweepClassifier(LogProbabilityMixin, ClassifierMixin, MultiOutputMixin, SweepEstimator):
    """Predictions of classes and of their probabilities."""

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class; on a tie the first in `classes_`.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted classes.
        """
        values = self._raw(X)
        classes = self.__dict__["classes_"]
        if not isinstance(classes, list):
            return np.asarray(classes.take(values.argmax(axis=1), axis=0))
        labels = np.empty((len(values), len(classes)), dtype=classes[0].dtype)
        for k, proba in enumerate(self._by_output(values)):
            labels[:, k] = classes[k].take(proba.argmax(axis=1), axis=0)
        return labels

    def predict_proba(self, X: Any) -> Values | list[Values]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of n_outputs of them
            In the order of `classes_`.
        """
        values = self._raw(X)
        if isinstance(self.__dict__["classes_"], list):
            return self._by_output(values)
        return values

    def _by_output(self, values: Values) -> list[Values]:
        ends = np.cumsum(self.__dict__["n_classes_"])[:-1]
        return [np.ascontiguousarray(part) for part in np.split(values, ends, axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class SweepRegressor(RegressorMixin, MultiOutputMixin, SweepEstimator):
    """Predictions of numbers."""

    def predict(self, X: Any) -> Values:
        """Predict the target.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values.
        """
        values = self._raw(X)
        return values[:, 0] if values.shape[1] == 1 else values
