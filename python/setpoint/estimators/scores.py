"""Linear models: parameters, and scores z = X coef' + intercept turned into predictions.

How they are learned is in the family's own file.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from setpoint import _core
from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.matrix import MatrixEstimator, SingleTarget
from setpoint.estimators.predictors import SweepRegressor
from setpoint.estimators.probabilities import LogProbabilityMixin
from setpoint.estimators.scikit import ClassifierMixin
from setpoint.parameters import Parameters

__all__ = [
    "ProbabilityClassifier",
    "ScoreClassifier",
    "ScoreRegressor",
    "SingleScoreRegressor",
]

_MEANINGS = {
    "coef": "weight of each column, by class or target",
    "intercept": "score where all columns are 0",
}


class _Linear(MatrixEstimator):
    @property
    def parameters_(self) -> Parameters:
        """What was learned: names to read-only arrays, printed as a table."""
        model = self._fitted_model()
        arrays = {"coef": model.coef, "intercept": model.intercept}
        return Parameters(type(self).__name__, arrays, _MEANINGS)

    @staticmethod
    def _model_of(state: dict[str, NDArray[Any]]) -> _core.LinearModel:
        return _core.LinearModel.from_state(state)

    def _arrays(self, model: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
        """Coefficients and intercepts in the type of X, by attribute."""
        return {"coef_": model.coef.astype(dtype), "intercept_": model.intercept.astype(dtype)}

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        return self._arrays(model, data.dtype)


class ScoreClassifier(ClassifierMixin, _Linear, SingleTarget):
    """Classes from scores: one score for two classes, else one for each."""

    def decision_function(self, X: Any) -> Values:
        """Scores of the classes; for two classes that of the second.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The larger, the more likely the class.
        """
        scores = self._raw(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of the largest score.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,)
            The predicted classes.
        """
        scores = self._raw(X)
        best = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
        return np.asarray(self.__dict__["classes_"].take(best.astype(np.intp)))

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        data = super()._sweep_data(X, y, sample_weight)
        if data.n_classes[0] < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the "
                f"data contains only one class: {data.classes[0][0]!r}"
            )
        return data


def _has_link(estimator: Any) -> bool:
    estimator._link()
    return True


class ProbabilityClassifier(LogProbabilityMixin, ScoreClassifier):
    """Classes, and their probabilities, from scores."""

    @abstractmethod
    def _link(self) -> str:
        """The core's name of what makes probabilities of scores; `AttributeError` if none does."""

    @available_if(_has_link)
    def predict_proba(self, X: Any) -> Values:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        scores = self._raw(X)
        n_classes = len(self.__dict__["classes_"])
        return np.asarray(_core.class_values(scores, link=self._link(), n_classes=n_classes))


class ScoreRegressor(SweepRegressor, _Linear):
    """Numbers: the scores themselves."""


class SingleScoreRegressor(SingleTarget, ScoreRegressor):
    """Numbers of one target."""

    def _arrays(self, model: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
        arrays = super()._arrays(model, dtype)
        return arrays | {"coef_": arrays["coef_"][0]}
