"""The hyperparameters of support vector machines with kernels: each declared here, once.

Names, domains and defaults are scikit-learn 1.9's, but for `probability`, which is deprecated there
and False or the name of a calibration here. What only some machines have is declared by a class for
it; ``svm`` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from setpoint.estimators.common_hyperparameters import (
    CLASS_WEIGHT,
    N_JOBS,
    RANDOM_STATE,
    VERBOSE,
)
from setpoint.hyperparameters import (
    Callback,
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    hyperparameter,
)

__all__ = ["KernelHyperparameters", "PairHyperparameters"]


class KernelHyperparameters(Declared):
    """What can be set of every machine with a kernel."""

    kernel: str | Callable[..., Any] = hyperparameter(
        default="rbf",
        domain=Choice("linear", "poly", "rbf", "sigmoid", "precomputed")
        | Callback("a callable(X, Z) that returns their Gram matrix"),
        meaning="The kernel; precomputed: X is the Gram matrix.",
    )
    degree: int = hyperparameter(
        default=3,
        domain=Integer(0),
        meaning="Degree of the poly kernel.",
    )
    gamma: str | float = hyperparameter(
        default="scale",
        domain=Choice("scale", "auto") | Real(0.0, None, "left"),
        meaning="Coefficient of rbf, poly and sigmoid; scale: 1 / (n_features * X.var()), auto: "
        "1 / n_features.",
        search=Search(("scale", 0.01, 0.1, 1.0), 1e-4, 10.0, "log"),
    )
    coef0: float = hyperparameter(
        default=0.0,
        domain=Real(None, None, "neither"),
        meaning="Constant of the poly and sigmoid kernels.",
    )
    tol: float = hyperparameter(
        default=1e-3,
        domain=Real(0.0, None, "neither"),
        meaning="Largest violation of the optimality conditions at the end.",
    )
    shrinking: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Work on the rows that violate most; False: on all rows at once while there are "
        "few thousand.",
        cost="none",
    )
    cache_size: float = hyperparameter(
        default=200,
        domain=Real(0.0, None, "neither"),
        meaning="Megabytes of rows of the kernel matrix that are kept.",
        cost="none",
    )
    max_iter: int = hyperparameter(
        default=-1,
        domain=Integer(-1),
        meaning="Most steps of two variables; -1: no limit but ten million, or 100 for each row.",
    )
    n_jobs: int | None = N_JOBS
    verbose: int | bool = replace(VERBOSE, default=False)


class PairHyperparameters(KernelHyperparameters):
    """What can be set of every classifier."""

    class_weight: Mapping[Any, float] | str | None = CLASS_WEIGHT
    probability: bool | str = hyperparameter(
        default=False,
        domain=Choice("sigmoid", "isotonic") | Flag(),
        meaning="How decision values of rows left out become probabilities; True: sigmoid "
        "(Platt), False: not at all.",
    )
    decision_function_shape: str = hyperparameter(
        default="ovr",
        domain=Choice("ovr", "ovo"),
        meaning="What decision_function returns: a value for each class, or for each pair.",
    )
    break_ties: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Predict by the values of decision_function where classes have equal votes; needs "
        'decision_function_shape="ovr".',
    )
    random_state: int | np.random.RandomState | None = replace(
        RANDOM_STATE, meaning="Seed of the folds behind probabilities."
    )
