"""What the four linear regressions share: targets of one or two dimensions, attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from setpoint import _core
from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.linear_hyperparameters import LinearHyperparameters
from setpoint.estimators.scores import ScoreRegressor

__all__ = ["LinearRegressor"]


@dataclass(frozen=True, slots=True)
class RegressionData(SweepData):
    """A training set that remembers the shape of its target.

    Attributes
    ----------
    flat : bool
        Whether y has one dimension: the attributes have one fewer then, as in scikit-learn.
    """

    flat: bool


class LinearRegressor(LinearHyperparameters, ScoreRegressor):
    """Base of the linear regressions."""

    # A path and a single descent reach the same certificate from different sides.
    _agreement: ClassVar[float] = 1e-5
    # These go to the core as they are.
    _as_given: ClassVar[tuple[str, ...]]

    def predict(self, X: Any) -> Values:
        """Predict the target.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values.
        """
        scores = self._raw(X)
        flat = self.__dict__.get("_flat", scores.shape[1] == 1)  # unknown of recorded predictions
        return scores[:, 0] if flat else scores

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> RegressionData:
        data = super()._sweep_data(X, y, sample_weight)
        known = {field.name: getattr(data, field.name) for field in fields(SweepData)}
        return RegressionData(**known, flat=np.asarray(y).ndim < 2)

    def _read_target(self, unfitted: Any, y: Any) -> NDArray[Any]:
        # One column is a shape of its own here, not a mistake to warn of.
        array = np.asarray(y)
        one_column = array.ndim == 2 and array.shape[1] == 1
        return super()._read_target(unfitted, array.ravel() if one_column else y)

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        candidate = {name: values[name] for name in self._as_given}
        if "random_state" in candidate:
            candidate["random_state"] = self._seed(params, data)
        return candidate

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        return self._described(model, data.dtype, getattr(data, "flat", True))

    def _described(
        self, model: _core.LinearModel, dtype: np.dtype[Any], flat: bool
    ) -> dict[str, Any]:
        """Attributes of a model of data of this type."""
        arrays = self._arrays(model, dtype)
        if flat:
            arrays = {name: array[0] for name, array in arrays.items()}
        if not self.fit_intercept:
            arrays["intercept_"] = 0.0
        return arrays | {"_flat": flat}

    def _to_header(self) -> dict[str, Any]:
        return {"flat": self.__dict__["_flat"]}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        flat = header["flat"]
        if not isinstance(flat, bool) or (flat and self.__dict__["n_outputs_"] > 1):
            raise ValueError("a target of one dimension has one output")
        return self._described(self._fitted_model(), self.__dict__["_dtype"], flat)
