"""Support vector machines without a kernel: `LinearSVC` and `LinearSVR`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from setpoint.estimators.base import SweepData
from setpoint.estimators.common_hyperparameters import (
    CLASS_WEIGHT,
    N_JOBS,
    RANDOM_STATE,
    VERBOSE,
)
from setpoint.estimators.scores import ScoreClassifier, SingleScoreRegressor
from setpoint.estimators.targets import class_weights
from setpoint.hyperparameters import (
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    hyperparameter,
    variation,
)

__all__ = ["LinearSVC", "LinearSVR"]


class _LinearHyperparameters(Declared):
    """What can be set of both."""

    dual: bool | str = hyperparameter(
        default="auto",
        domain=Choice("auto") | Flag(),
        meaning="Solve the dual problem; auto: if there are fewer rows than columns, or if only "
        "the dual has a solver.",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "neither"),
        meaning="Largest violation of the optimality conditions at the end, or of the gradient's "
        "norm relative to that at 0.",
    )
    C: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "neither"),
        meaning="Penalty of the losses; the smaller, the smaller the weights.",
        cost="cheap",
        search=Search((0.01, 0.1, 1.0, 10.0), 1e-4, 1e2, "log"),
    )
    fit_intercept: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Learn a constant: the weight of a column of `intercept_scaling`, penalised as "
        "the others.",
    )
    intercept_scaling: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "neither"),
        meaning="What that column holds; the larger, the less the constant is penalised.",
    )
    random_state: int | np.random.RandomState | None = replace(
        RANDOM_STATE, meaning="Seed of the order in which coordinates are visited.", cost="full"
    )
    max_iter: int = hyperparameter(
        default=1000,
        domain=Integer(0),
        meaning="Most passes over the rows or columns, or Newton steps.",
    )
    n_jobs: int | None = replace(
        N_JOBS,
        meaning="Threads for classes; None or -1: all cores. The model does not depend on it.",
    )
    verbose: int | bool = VERBOSE


_NAMES = ("C", "dual", "fit_intercept", "intercept_scaling", "loss", "max_iter", "tol")


class LinearSVC(_LinearHyperparameters, ScoreClassifier):
    """A linear support vector classifier: each class against the rest.

    Minimises ``R(w) + C sum_i weight_i loss(y_i, <x_i, w>)`` with LIBLINEAR's problem and stopping
    rules: by coordinates of the dual, by Newton's method where the loss is squared, or by
    coordinates of w under the l1 penalty. Hyperparameters, attributes and semantics are those of
    `sklearn.svm.LinearSVC`; `n_jobs`, `dual_gap_`, `save` and the two tables are added.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Weights of the columns.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The constants.
    n_iter_ : int
        Passes or Newton steps, the most of all classes.
    dual_gap_ : ndarray of shape (n_classes,) or (1,)
        Primal minus dual objective.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Fan, Chang, Hsieh, Wang and Lin (2008), "LIBLINEAR", JMLR 9.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import LinearSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> LinearSVC(C=10.0).fit(X, y).predict(X[:2])
    array([0, 0])
    """

    _family: ClassVar[str] = "linear_svm"
    _agreement: ClassVar[float] = 1e-5

    penalty: str = hyperparameter(
        default="l2",
        domain=Choice("l1", "l2"),
        meaning="Norm of the weights that is penalised; l1 needs the squared hinge and makes "
        "weights 0.",
        kw_only=False,
    )
    loss: str = hyperparameter(
        default="squared_hinge",
        domain=Choice("hinge", "squared_hinge"),
        meaning="Cost of a row on the wrong side.",
        kw_only=False,
    )
    multi_class: str = hyperparameter(
        default="ovr",
        domain=Choice("ovr", "crammer_singer"),
        meaning="How more than two classes are learned: each against the rest, or all in one "
        "problem, which ignores loss, penalty and dual.",
    )
    class_weight: Mapping[Any, float] | str | None = CLASS_WEIGHT

    random_state: int | np.random.RandomState | None = variation(default=None, cost="none")

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        return {name: values[name] for name in (*_NAMES, "penalty", "multi_class")} | {
            "class_weight": class_weights(values["class_weight"], data.classes),
            "random_state": self._seed(values, data),
        }

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        return super()._attributes(data, model) | _facts(model)


class LinearSVR(_LinearHyperparameters, SingleScoreRegressor):
    """A linear support vector regressor: no loss for errors up to epsilon.

    Minimises ``1/2 |w|^2 + C sum_i weight_i loss(y_i - <x_i, w>)`` with LIBLINEAR's problem: by
    coordinates of the dual, or by Newton's method where the loss is squared. Hyperparameters,
    attributes and semantics are those of `sklearn.svm.LinearSVR`; `n_jobs`, `dual_gap_`, `save` and
    the two tables are added.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights of the columns.
    intercept_ : ndarray of shape (1,)
        The constant.
    n_iter_ : int
        Passes or Newton steps.
    dual_gap_ : float
        Primal minus dual objective.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Ho and Lin (2012), "Large-scale linear support vector regression", JMLR 13.
    """

    _family: ClassVar[str] = "linear_svm"
    _agreement: ClassVar[float] = 1e-5

    epsilon: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, None, "left"),
        meaning="Errors up to this cost nothing.",
        search=Search((0.0, 0.1), 1e-3, 1.0, "log"),
    )
    dual: bool | str = variation(default="auto", cost="none")
    loss: str = hyperparameter(
        default="epsilon_insensitive",
        domain=Choice("epsilon_insensitive", "squared_epsilon_insensitive"),
        meaning="Cost of an error.",
    )

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        return {name: values[name] for name in (*_NAMES, "epsilon")} | {
            "random_state": self._seed(values, data)
        }

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        learned = _facts(model)
        gap = float(learned["dual_gap_"][0])
        return super()._attributes(data, model) | learned | {"dual_gap_": gap}


def _facts(model: Any) -> dict[str, Any]:
    facts = model.facts
    return {"n_iter_": int(facts["n_iter"].max()), "dual_gap_": facts["dual_gap"]}
