"""What the two estimators of gradient descent share: fits, from given parameters or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from setpoint.estimators.base import SweepData
from setpoint.estimators.columns import Columns
from setpoint.estimators.descent_hyperparameters import DescentHyperparameters
from setpoint.estimators.epochs import EpochEstimator

__all__ = ["Descent"]


class Descent(DescentHyperparameters, EpochEstimator):
    """Base of the two estimators."""

    _family: ClassVar[str] = "descent"
    _resumed: ClassVar[Any] = True
    _side_by_side: ClassVar[str | None] = "batch_size"

    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Any]:
        columns, rows = super()._learn_rows(unfitted, X)
        values = (rows.data if issparse(rows) else rows).ravel()
        with np.errstate(over="ignore"):
            squares = values @ values  # one pass; most often it is finite, and all is well
        limit = np.sqrt(np.finfo(values.dtype).max)
        if not np.isfinite(squares) and (greatest := np.abs(values).max()) > limit:
            raise ValueError(
                f"X holds values up to {greatest:.3g}, too large to be squared as {values.dtype}. "
                "Scale its columns, for example with sklearn.preprocessing.StandardScaler."
            )
        return columns, rows

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
    ) -> Self:
        """Learn the parameters.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; float32 and float64 are used as they are, without a copy.
        y : array-like of shape (n_samples,)
            The target: class labels, or numbers.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative; a row of weight 0 is no row.
        coef_init : array-like of the shape of `coef_`, or None
            The coefficients to begin with; None: zeros, or the last ones under `warm_start`.
        intercept_init : array-like of the shape of `intercept_`, or None
            The intercepts to begin with.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a hyperparameter or the data are not legal; an earlier fit stays as it was.
        """
        data = self._sweep_data(X, y, sample_weight)
        candidate = self._sweep_candidate({}, data)
        start = self._start(data)
        if coef_init is not None or intercept_init is not None:
            start = self._given(data, start, coef_init, intercept_init)
        self._adopt(data, self._learn(data, candidate, start), {})
        return self

    def _given(self, data: SweepData, start: Any, coef: Any, intercept: Any) -> Any:
        """A model of the parameters to begin with."""
        n_classes = data.n_classes[0] if data.classes else 0
        shape = (1 if n_classes <= 2 else n_classes, data.X.shape[1])
        known = (start.coef, start.intercept) if start else (np.zeros(shape), np.zeros(shape[0]))
        given = []
        for name, value, size, last in (
            ("coef_init", coef, shape, known[0]),
            ("intercept_init", intercept, shape[:1], known[1]),
        ):
            array = np.asarray(last if value is None else value, dtype=np.float64)
            if array.size != np.prod(size):
                raise ValueError(
                    f"Provided {name} does not match dataset: it has shape {array.shape}, and "
                    f"{size} is needed."
                )
            given.append(np.ascontiguousarray(array.reshape(size)))
        kind = np.array([n_classes, 0])  # nothing is predicted by it: any link will do
        return self._model_of({"coef": given[0], "intercept": given[1], "kind": kind})

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return super()._sweep_candidate(params, data) | {"resume": False}

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        facts = model.facts
        attributes = {
            "n_iter_": int(facts["n_iter"][0]),
            "t_": float(facts["t"][0]),
            "loss_curve_": facts["loss_curve"],
        }
        if "validation_curve" in facts:
            attributes["validation_curve_"] = facts["validation_curve"]
        return super()._attributes(data, model) | attributes
