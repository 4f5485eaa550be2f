"""Support vector machines with nu: `NuSVC`, `NuSVR`, and `OneClassSVM`, which has no target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.scikit import OutlierMixin
from setpoint.estimators.svm import PairClassifier, VectorRegressor
from setpoint.estimators.svm_base import KernelMachine
from setpoint.hyperparameters import Real, Search, hyperparameter

__all__ = ["NuSVC", "NuSVR", "OneClassSVM"]

_NU = hyperparameter(
    default=0.5,
    domain=Real(0.0, 1.0, "right"),
    meaning="Least share of support vectors, and largest share of rows within the margin or on "
    "the wrong side of it.",
    search=Search((0.1, 0.25, 0.5), 0.01, 0.9),
)


class NuSVC(PairClassifier):
    """A support vector classifier whose nu bounds the share of rows on the wrong side.

    Hyperparameters, attributes and semantics are those of `sklearn.svm.NuSVC`, and `SVC` tells of
    them; `class_weight` multiplies the weights of the rows, where scikit-learn ignores it.

    Parameters
    ----------
    {hyperparameters}

    References
    ----------
    Schoelkopf, Smola, Williamson and Bartlett (2000), "New support vector algorithms", Neural
    Computation 12.
    """

    _family: ClassVar[str] = "nu_svm"

    nu: float = _NU

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return {"nu": values["nu"], **super()._own(values, data)}


class NuSVR(VectorRegressor):
    """A support vector regressor whose nu bounds the share of rows with a loss.

    Hyperparameters, attributes and semantics are those of `sklearn.svm.NuSVR`, and `SVR` tells of
    them.

    Parameters
    ----------
    {hyperparameters}
    """

    _family: ClassVar[str] = "nu_svm"

    nu: float = _NU
    C: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "neither"),
        meaning="Penalty of an error; the smaller, the smoother the model.",
        search=Search((0.1, 1.0, 10.0, 100.0), 1e-3, 1e3, "log"),
    )

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return {"nu": values["nu"], "C": values["C"]}


class OneClassSVM(OutlierMixin, KernelMachine):
    """A support vector machine that tells where rows like the training rows are.

    Hyperparameters, attributes and semantics are those of `sklearn.svm.OneClassSVM`.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    support_, support_vectors_, n_support_, dual_coef_, coef_, intercept_, n_iter_, dual_gap_
        As of `SVR`.
    offset_ : float
        What `decision_function` takes off `score_samples`.
    """

    _family: ClassVar[str] = "one_class_svm"

    nu: float = _NU

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn where the rows are.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative.

        Returns
        -------
        self
        """
        return super().fit(X, y, sample_weight)

    def decision_function(self, X: Any) -> Values:
        """Signed distances from the boundary: positive inside.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,)
            The decision values.
        """
        return self._decisions(X)[:, 0]

    def score_samples(self, X: Any) -> Values:
        """Decision values before the offset is taken off.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,)
            The larger, the more like the training rows.
        """
        return np.asarray(self.decision_function(X) + self.__dict__["offset_"])

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Tell inliers from outliers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,)
            1 for inliers, -1 for outliers.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def _read_target(self, unfitted: Any, y: Any) -> NDArray[Any]:
        return np.zeros((int(y), 1))

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        return super()._sweep_data(X, _num_samples(X), sample_weight)

    def _sweep_refusal(self, params: Mapping[str, Any]) -> str | None:
        return "there is no target to score against"

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return {"nu": values["nu"]}

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        learned = super()._attributes(data, model)
        return learned | {"offset_": -learned["intercept_"]}
