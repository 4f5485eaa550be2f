"""Linear regression: least squares, ridge regression, lasso and elastic net.

What they share is in ``linear_base``, their hyperparameters in ``linear_hyperparameters``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.estimators.linear_base import LinearRegressor
from setpoint.estimators.linear_hyperparameters import (
    CoordinateHyperparameters,
    LeastSquaresHyperparameters,
    RidgeHyperparameters,
)
from setpoint.hyperparameters import Real, Search, hyperparameter

__all__ = ["ElasticNet", "Lasso", "LinearRegression", "Ridge"]


class LinearRegression(LeastSquaresHyperparameters, LinearRegressor):
    """Ordinary least squares: y = X coef + intercept with the least sum of squared residuals.

    Hyperparameters, attributes and semantics are those of
    `sklearn.linear_model.LinearRegression`; `save` and the two tables are added, sparse input
    works with `positive`, too. Solved by normal equations where these keep enough digits, else
    from the singular values of X. Of several solutions it is the one of least norm.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        The weight of each column; float32 where X is.
    intercept_ : float or ndarray of shape (n_outputs,)
        The prediction where all columns are 0.
    rank_ : int
        How many directions X varies in; not with `positive`.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        The singular values of the centred X; not with `positive`.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    Examples
    --------
    >>> import numpy as np
    >>> from setpoint import LinearRegression
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> line = LinearRegression().fit(x, [1.0, 3.0, 5.0])
    >>> line.coef_.round(6), round(line.intercept_, 6)
    (array([2.]), np.float64(1.0))
    """

    _family: ClassVar[str] = "linear"
    _as_given: ClassVar[tuple[str, ...]] = ("fit_intercept", "positive", "tol")

    def _described(
        self, model: _core.LinearModel, dtype: np.dtype[Any], flat: bool
    ) -> dict[str, Any]:
        described = super()._described(model, dtype, flat)
        if self.positive:
            return described
        singular = model.facts.get("singular", np.zeros(0))
        rank = int(np.sum(singular > self.tol * singular.max(initial=0.0)))
        return described | {"singular_": singular.astype(dtype), "rank_": rank}


class Ridge(RidgeHyperparameters, LinearRegressor):
    """Ridge regression: least squares with a penalty on the squares of the coefficients.

    It minimises ``||y - X coef - intercept||^2 + alpha ||coef||^2``. Hyperparameters, attributes
    and semantics are those of `sklearn.linear_model.Ridge`; `save` and the two tables are added.
    In a search one factorisation for each fold serves all values of `alpha`.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        The weight of each column; float32 where X is.
    intercept_ : float or ndarray of shape (n_outputs,)
        The prediction where all columns are 0.
    n_iter_ : None or ndarray of shape (n_outputs,)
        With `positive`: passes over the columns.
    solver_ : str
        What solved it: cholesky (normal equations), svd, or with `positive` coordinate_descent.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    """

    _family: ClassVar[str] = "ridge"
    _as_given: ClassVar[tuple[str, ...]] = (
        "alpha",
        "fit_intercept",
        "positive",
        "tol",
        "max_iter",
        "solver",
    )

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        candidate = super()._sweep_candidate(params, data)
        solver, positive = candidate["solver"], candidate["positive"]
        if positive and solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver={solver!r} does not support positive fitting. Please set the solver to "
                "'auto' or 'lbfgs', or set `positive=False`"
            )
        if solver == "lbfgs" and not positive:
            raise ValueError(
                "'lbfgs' solver can be used only when positive=True. Please use another solver."
            )
        if not isinstance(candidate["alpha"], float):
            alpha = np.asarray(candidate["alpha"], dtype=np.float64).ravel()
            if alpha.size not in (1, data.n_outputs):
                raise ValueError(
                    "Number of targets and number of penalties do not correspond: "
                    f"alpha has {alpha.size} values for {data.n_outputs} targets"
                )
            candidate["alpha"] = [alpha.tolist()]
        return candidate

    def _described(
        self, model: _core.LinearModel, dtype: np.dtype[Any], flat: bool
    ) -> dict[str, Any]:
        facts = model.facts
        if "n_iter" in facts:
            how = {"n_iter_": facts["n_iter"].astype(int), "solver_": "coordinate_descent"}
        else:
            orthogonal = bool(facts.get("orthogonal", np.zeros(1))[0])
            how = {"n_iter_": None, "solver_": "svd" if orthogonal else "cholesky"}
        return super()._described(model, dtype, flat) | how


class _Coordinate(CoordinateHyperparameters, LinearRegressor):
    """Base of lasso and elastic net."""

    _as_given: ClassVar[tuple[str, ...]] = (
        "alpha",
        "fit_intercept",
        "positive",
        "tol",
        "max_iter",
        "random_state",
        "selection",
    )

    @property
    def sparse_coef_(self) -> Any:
        """The coefficients as compressed sparse rows, shape (n_outputs, n_features)."""
        self._fitted_model()
        return csr_array(np.atleast_2d(self.__dict__["coef_"]))

    def _start(self, data: SweepData) -> Any:
        return self.__dict__.get("_model") if self.warm_start else None

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        candidate = super()._sweep_candidate(params, data)
        gram = params.get("precompute", self.precompute)
        d = data.X.shape[1]
        if not isinstance(gram, bool | np.bool_) and np.shape(gram) != (d, d):
            raise ValueError(
                f"precompute has shape {np.shape(gram)}: products of the columns of X have "
                f"shape {(d, d)}"
            )
        return candidate

    def _described(
        self, model: _core.LinearModel, dtype: np.dtype[Any], flat: bool
    ) -> dict[str, Any]:
        # What a linear system solved took one step and has no gap.
        nothing = np.zeros(model.n_outputs)
        n_iter = model.facts.get("n_iter", nothing + 1).astype(int)
        gap = model.facts.get("dual_gap", nothing).astype(dtype)
        how = {"n_iter_": n_iter.tolist(), "dual_gap_": gap}
        if model.n_outputs == 1:
            how = {"n_iter_": int(n_iter[0]), "dual_gap_": gap[0]}
        return super()._described(model, dtype, flat) | how


class Lasso(_Coordinate):
    """The lasso: least squares with a penalty on the absolute values of the coefficients.

    It minimises ``||y - X coef - intercept||^2 / (2 n_samples) + alpha ||coef||_1``.
    Hyperparameters, attributes and semantics are those of `sklearn.linear_model.Lasso`; `save` and
    the two tables are added. Solved by coordinate descent until the duality gap is at most `tol`
    times ``y'y`` (of the centred y); in a search along falling `alpha`, each solution the start of
    the next.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        The weight of each column; float32 where X is.
    sparse_coef_ : CSR array of shape (n_outputs, n_features)
        The same.
    intercept_ : float or ndarray of shape (n_outputs,)
        The prediction where all columns are 0.
    n_iter_ : int or list of int
        Passes over the columns, by target if there are several.
    dual_gap_ : float or ndarray of shape (n_outputs,)
        By how much the objective may still exceed its minimum.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    """

    _family: ClassVar[str] = "lasso"


class ElasticNet(_Coordinate):
    """The elastic net: least squares with both penalties.

    It minimises ``||y - X coef - intercept||^2 / (2 n_samples) + alpha (l1_ratio ||coef||_1 +
    (1 - l1_ratio) / 2 ||coef||^2)``. Hyperparameters, attributes and semantics are those of
    `sklearn.linear_model.ElasticNet`; `save` and the two tables are added. Solved as `Lasso` is.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        The weight of each column; float32 where X is.
    sparse_coef_ : CSR array of shape (n_outputs, n_features)
        The same.
    intercept_ : float or ndarray of shape (n_outputs,)
        The prediction where all columns are 0.
    n_iter_ : int or list of int
        Passes over the columns, by target if there are several.
    dual_gap_ : float or ndarray of shape (n_outputs,)
        By how much the objective may still exceed its minimum.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    """

    _family: ClassVar[str] = "elastic_net"
    _as_given: ClassVar[tuple[str, ...]] = (*_Coordinate._as_given, "l1_ratio")

    l1_ratio: float = hyperparameter(
        default=0.5,
        domain=Real(0.0, 1.0),
        meaning="Share of the penalty on absolute values; 1: lasso, 0: ridge regression.",
        search=Search((0.1, 0.5, 0.9), 0.0, 1.0),
    )
