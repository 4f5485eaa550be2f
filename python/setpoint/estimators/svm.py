"""Support vector machines for classes and for numbers: `SVC` and `SVR`.

What they share with the other machines is in ``svm_base``; their nu variants are in ``nu_svm``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if

from setpoint import _core
from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.probabilities import LogProbabilityMixin
from setpoint.estimators.scikit import ClassifierMixin, RegressorMixin
from setpoint.estimators.svm_base import KernelMachine
from setpoint.estimators.svm_hyperparameters import PairHyperparameters
from setpoint.estimators.targets import class_weights
from setpoint.hyperparameters import Real, Search, hyperparameter

__all__ = ["SVC", "SVR", "PairClassifier", "VectorRegressor"]


def _calibrated(estimator: Any) -> bool:
    """Whether an estimator has probabilities; where not, says how to get them."""
    if estimator.probability is False:
        raise AttributeError("predict_proba is not available when probability=False")
    return True


class PairClassifier(LogProbabilityMixin, ClassifierMixin, PairHyperparameters, KernelMachine):
    """Classes by the votes of machines that part two classes each."""

    def decision_function(self, X: Any) -> Values:
        """Decision values.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; of a precomputed kernel its values with the training rows.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_pairs)
            Of two classes that of the second; of more, by class (votes, and less than half a vote
            for the confidence) or by pair, as `decision_function_shape` says.
        """
        values = self._decisions(X)
        if values.shape[1] == 1:
            return values[:, 0]
        return self._by_class(values, True) if self.decision_function_shape == "ovr" else values

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class that most pairs vote for.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; of a precomputed kernel its values with the training rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            The predicted classes.
        """
        self._fitted_model()
        self._check_ties(self.__dict__)
        values = self._decisions(X)
        if values.shape[1] == 1:
            best = (values[:, 0] > 0).astype(np.intp)
        else:
            best = self._by_class(values, bool(self.break_ties)).argmax(axis=1)
        return np.asarray(self.__dict__["classes_"].take(best))

    @available_if(_calibrated)
    def predict_proba(self, X: Any) -> Values:
        """Predict the probability of each class; they may disagree with `predict`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; of a precomputed kernel its values with the training rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        values = self._raw(X)
        n_classes = len(self.__dict__["classes_"])
        n_pairs = n_classes * (n_classes - 1) // 2
        if values.shape[1] == n_pairs:
            raise AttributeError(
                "predict_proba is not available when fitted with probability=False"
            )
        return np.ascontiguousarray(values[:, n_pairs:])

    def _decisions(self, X: Any) -> Values:
        values = self._raw(X)
        n_classes = len(self.__dict__["classes_"])
        return np.ascontiguousarray(values[:, : n_classes * (n_classes - 1) // 2])

    def _by_class(self, values: Values, confidence: bool) -> Values:
        n_classes = len(self.__dict__["classes_"])
        return np.asarray(_core.pair_votes(values, n_classes=n_classes, confidence=confidence))

    @staticmethod
    def _check_ties(values: Mapping[str, Any]) -> None:
        if values["break_ties"] and values["decision_function_shape"] == "ovo":
            raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        data = super()._sweep_data(X, y, sample_weight)
        if data.n_classes[0] < 2:
            raise ValueError(
                "The number of classes has to be greater than one; got 1 class: "
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the "
                f"data contains only one class: {data.classes[0][0]!r}"
            )
        return data

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        how = values["probability"]
        return {
            "class_weight": class_weights(values["class_weight"], data.classes),
            "probability": {True: "sigmoid", False: "none"}.get(how, how),
            "break_ties": values["break_ties"],
            "random_state": self._seed(values, data),
        }

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        learned = super()._attributes(data, model)
        codes = data.y[:, 0].astype(np.intp)
        if len(codes):  # a model from a file comes without its rows
            labels = data.classes[0]
            learned["class_weight_"] = compute_class_weight(
                self.class_weight, classes=labels, y=labels[codes]
            )
        sigmoid = model.arrays().get("sigmoid", np.empty((0, 2)))
        return learned | {"probA_": sigmoid[:, 0].copy(), "probB_": sigmoid[:, 1].copy()}

    def _to_header(self) -> dict[str, Any]:
        return super()._to_header() | {"class_weight": self.__dict__["class_weight_"].tolist()}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        weights = np.array(header["class_weight"], dtype=np.float64)
        if weights.shape != self.__dict__["classes_"].shape:
            raise ValueError(f"{weights.shape} weights of {len(self.__dict__['classes_'])} classes")
        return super()._from_header(header) | {"class_weight_": weights}


class VectorRegressor(RegressorMixin, KernelMachine):
    """Numbers: the decision values themselves."""

    def predict(self, X: Any) -> Values:
        """Predict the target.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; of a precomputed kernel its values with the training rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            The predicted values.
        """
        return self._decisions(X)[:, 0]


_C = hyperparameter(
    default=1.0,
    domain=Real(0.0, None, "neither"),
    meaning="Penalty of a row on the wrong side; the smaller, the smoother the model.",
    cost="cheap",
    search=Search((0.1, 1.0, 10.0, 100.0), 1e-3, 1e3, "log"),
)


class SVC(PairClassifier):
    """A support vector classifier: the widest margin between two classes, in a kernel's space.

    Minimises ``1/2 |w|^2 + C sum_i weight_i max(0, 1 - y_i f(x_i))`` through its dual, to LIBSVM's
    stopping rule. Hyperparameters, attributes and semantics are those of `sklearn.svm.SVC`;
    `n_jobs`, `dual_gap_`, isotonic calibration, `save` and the two tables are added. Values of the
    kernel are computed in float64 and kept in float32.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    support_ : ndarray of shape (n_support,)
        Rows of the training set that are support vectors, by class.
    support_vectors_ : ndarray or CSR array of shape (n_support, n_features)
        These rows; empty for a precomputed kernel.
    n_support_ : ndarray of shape (n_classes,)
        How many of each class.
    dual_coef_ : ndarray or CSR array of shape (n_classes - 1, n_support)
        Their dual coefficients times their signs.
    coef_ : ndarray or CSR array of shape (n_pairs, n_features)
        Weights of the columns, of the linear kernel.
    intercept_ : ndarray of shape (n_pairs,)
        Constants of the decision functions.
    fit_status_ : int
        0 if all pairs converged, else 1.
    n_iter_ : ndarray of shape (n_pairs,)
        Steps of two variables.
    dual_gap_ : ndarray of shape (n_pairs,)
        Primal minus dual objective.
    class_weight_ : ndarray of shape (n_classes,)
        Weights of the classes.
    probA_, probB_ : ndarray of shape (n_pairs,)
        Platt's parameters, if `probability`.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    shape_fit_ : tuple of int
        The shape of X.

    References
    ----------
    Fan, Chen and Lin (2005), "Working set selection using second order information", JMLR 6.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import SVC
    >>> X, y = load_iris(return_X_y=True)
    >>> SVC(C=10.0).fit(X, y).predict(X[:2])
    array([0, 0])
    """

    _family: ClassVar[str] = "svm"

    C: float = _C

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return {"C": values["C"], **super()._own(values, data)}


class SVR(VectorRegressor):
    """A support vector regressor: no loss for errors up to epsilon, in a kernel's space.

    Minimises ``1/2 |w|^2 + C sum_i weight_i max(0, |y_i - f(x_i)| - epsilon)`` through its dual, to
    LIBSVM's stopping rule. Hyperparameters, attributes and semantics are those of
    `sklearn.svm.SVR`; `n_jobs`, `dual_gap_`, `save` and the two tables are added.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    support_ : ndarray of shape (n_support,)
        Rows of the training set that are support vectors.
    support_vectors_ : ndarray or CSR array of shape (n_support, n_features)
        These rows; empty for a precomputed kernel.
    n_support_ : ndarray of shape (1,)
        How many.
    dual_coef_ : ndarray or CSR array of shape (1, n_support)
        Their signed dual coefficients.
    coef_ : ndarray or CSR array of shape (1, n_features)
        Weights of the columns, of the linear kernel.
    intercept_ : ndarray of shape (1,)
        The constant.
    fit_status_ : int
        0 if converged, else 1.
    n_iter_ : int
        Steps of two variables.
    dual_gap_ : float
        Primal minus dual objective.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    shape_fit_ : tuple of int
        The shape of X.
    """

    _family: ClassVar[str] = "svm"

    C: float = _C
    epsilon: float = hyperparameter(
        default=0.1,
        domain=Real(0.0, None, "left"),
        meaning="Errors up to this cost nothing.",
        search=Search((0.01, 0.1), 1e-3, 1.0, "log"),
    )

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return {"C": values["C"], "epsilon": values["epsilon"]}
