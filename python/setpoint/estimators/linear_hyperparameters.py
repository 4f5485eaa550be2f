"""The hyperparameters of linear regression: each declared here, once.

Domains and defaults are scikit-learn 1.9's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from setpoint.hyperparameters import (
    NONE,
    ArrayLike,
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    Seed,
    hyperparameter,
)

__all__ = [
    "CoordinateHyperparameters",
    "LeastSquaresHyperparameters",
    "LinearHyperparameters",
    "RidgeHyperparameters",
]

_ALPHAS = tuple(float(alpha) for alpha in np.logspace(-4, 4, 17))
_SMALL_ALPHAS = tuple(float(alpha) for alpha in np.logspace(-4, 2, 25))


class LinearHyperparameters(Declared):
    """What can be set of every linear regression."""

    fit_intercept: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Learn an intercept; False: the target is 0 where all columns are.",
    )
    copy_X: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Accepted for scikit-learn's sake: X is never written to.",
        cost="none",
    )
    positive: bool = hyperparameter(
        default=False, domain=Flag(), meaning="Keep all coefficients at or above 0."
    )


class LeastSquaresHyperparameters(LinearHyperparameters):
    """What can be set of ordinary least squares."""

    tol: float = hyperparameter(
        default=1e-6,
        domain=Real(0.0, None, "left"),
        meaning="Directions in which X varies by less than this share of the most (a ratio of "
        "singular values) count as none.",
    )
    n_jobs: int | None = hyperparameter(
        default=None,
        domain=Integer() | NONE,
        meaning="Threads; None or -1: all cores. The model does not depend on it.",
        cost="none",
    )


class RidgeHyperparameters(LinearHyperparameters):
    """What can be set of ridge regression."""

    alpha: float | Sequence[float] = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "left")
        | ArrayLike("an array-like of floats >= 0, one for each target"),
        meaning="Strength of the penalty on the squares of the coefficients.",
        cost="free",
        search=Search(_ALPHAS, 1e-4, 1e4, "log"),
        kw_only=False,
    )
    max_iter: int | None = hyperparameter(
        default=None,
        domain=Integer(1) | NONE,
        meaning="With positive: most passes over the columns; None: no limit worth the name.",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="With positive: the duality gap to reach, relative to y'y.",
    )
    solver: str = hyperparameter(
        default="auto",
        domain=Choice("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"),
        meaning="svd: from the singular values of X, at once; any other: from the normal "
        "equations, and from the singular values where these would lose digits. All have the same "
        "solution.",
        cost="none",
    )
    random_state: int | np.random.RandomState | None = hyperparameter(
        default=None,
        domain=Seed(),
        meaning="Accepted for scikit-learn's sake: nothing is random.",
        cost="none",
    )


class CoordinateHyperparameters(LinearHyperparameters):
    """What can be set of the estimators that coordinate descent trains."""

    alpha: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "left"),
        meaning="Strength of the penalty; 0: least squares.",
        cost="cheap",
        search=Search(_SMALL_ALPHAS, 1e-4, 1e2, "log"),
        kw_only=False,
    )
    precompute: Any = hyperparameter(
        default=False,
        domain=Flag() | ArrayLike("an array-like of shape (n_features, n_features)"),
        meaning="Accepted for scikit-learn's sake: products of columns are formed where they pay.",
        cost="none",
    )
    max_iter: int | None = hyperparameter(
        default=1000,
        domain=Integer(1) | NONE,
        meaning="Most passes over the columns; None: no limit worth the name.",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="The duality gap to reach, relative to y'y.",
    )
    warm_start: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Start from the coefficients of the previous fit.",
        cost="none",
    )
    random_state: int | np.random.RandomState | None = hyperparameter(
        default=None,
        domain=Seed(),
        meaning="Seed of the order of the columns, if selection is random.",
        cost="none",
    )
    selection: str = hyperparameter(
        default="cyclic",
        domain=Choice("cyclic", "random"),
        meaning="Order of the columns in a pass; both reach the same solution.",
        cost="none",
    )
