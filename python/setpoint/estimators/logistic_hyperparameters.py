"""The hyperparameters of logistic regression: each declared here, once.

Names, domains and defaults are scikit-learn 1.9's. What they come to is in ``logistic_candidate``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from setpoint.hyperparameters import (
    NONE,
    Choice,
    Declared,
    Flag,
    Instance,
    Integer,
    Real,
    Search,
    Seed,
    hyperparameter,
)

__all__ = ["LogisticHyperparameters"]


class LogisticHyperparameters(Declared):
    """What can be set of a logistic regression."""

    penalty: str | None = hyperparameter(
        default="deprecated",
        domain=Choice("deprecated", "l1", "l2", "elasticnet") | NONE,
        meaning="Deprecated, as in scikit-learn 1.8: use l1_ratio, and C=inf for no penalty.",
        kw_only=False,
    )
    C: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, math.inf, "right"),
        meaning="Inverse strength of the penalty: the smaller, the stronger; inf: none.",
        cost="cheap",
        search=Search((0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0), 1e-4, 1e4, "log"),
    )
    l1_ratio: float | None = hyperparameter(
        default=0.0,
        domain=Real(0.0, 1.0) | NONE,
        meaning="Share of L1 in the penalty: 0 is L2, 1 is L1, between them elastic net; None "
        "(deprecated) is 0.",
        search=Search((0.0, 1.0), 0.0, 1.0),
    )
    dual: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Accepted with solver='liblinear' and L2 only, where it changes nothing: the "
        "optimum is the same.",
        cost="none",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="Stop when neither the greatest absolute entry of the gradient of the mean loss "
        "(with L1: of the subgradient nearest to 0) nor the Newton decrement is larger.",
    )
    fit_intercept: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Add a constant to the scores.",
    )
    intercept_scaling: float = hyperparameter(
        default=1,
        domain=Real(0.0, None, "neither"),
        meaning="With solver='liblinear': the constant feature whose penalised weight makes the "
        "intercept; the larger, the less the intercept is penalised.",
    )
    class_weight: dict[Any, float] | str | None = hyperparameter(
        default=None,
        domain=Instance(dict, "a dict of class label to weight") | Choice("balanced") | NONE,
        meaning="Weights of the classes; balanced: inversely proportional to their rows.",
    )
    random_state: int | np.random.RandomState | None = hyperparameter(
        default=None,
        domain=Seed(),
        meaning="Accepted; nothing here is random.",
        cost="none",
    )
    solver: str = hyperparameter(
        default="lbfgs",
        domain=Choice("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"),
        meaning="Accepted; the way to the optimum is chosen by the data. 'liblinear' penalises "
        "the intercept, as scikit-learn's does, and is for two classes.",
    )
    max_iter: int = hyperparameter(
        default=100,
        domain=Integer(0),
        meaning="Most steps on all rows.",
    )
    verbose: int | bool = hyperparameter(
        default=0,
        domain=Integer(0) | Flag(),
        meaning="Show a progress bar if positive.",
        cost="none",
    )
    warm_start: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Begin at the parameters of the previous fit.",
        cost="none",
    )
    n_jobs: int | None = hyperparameter(
        default=None,
        domain=Integer() | NONE,
        meaning="Threads; None or -1: all cores. The model does not depend on it.",
        cost="none",
    )
