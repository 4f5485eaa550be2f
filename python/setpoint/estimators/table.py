"""Estimators that read X as a table: float32, missing values, categories. Trees do."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.base import SweepEstimator
from setpoint.estimators.columns import Columns

__all__ = ["TableEstimator"]

Rows = NDArray[np.float32]


class TableEstimator(SweepEstimator):
    """Base of the estimators whose core reads a table."""

    _shapes_data: ClassVar[frozenset[str]] = frozenset({"categorical_features"})

    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Rows]:
        return Columns.learn(unfitted, X, self.__dict__["categorical_features"])

    def _read_rows(self, X: Any) -> Rows:
        columns: Columns = self.__dict__["_columns"]
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.shape[1] == columns.n_features
            and X.dtype.char in "fd"
            and len(X)
            and columns.plain
        ):
            # Nothing to check but infinity. A sum that is not finite tells of one, or of NaN, or
            # of nothing: the long way finds out which.
            with np.errstate(all="ignore"):
                rows = np.ascontiguousarray(X, dtype=np.float32)
                if np.isfinite(rows.sum()):
                    return rows
        return columns.read(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags
