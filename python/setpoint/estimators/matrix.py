"""Estimators that read X as a matrix: finite numbers in float32 or float64, dense or sparse."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import column_or_1d, validate_data

from setpoint import _core
from setpoint.estimators.base import SweepData, SweepEstimator
from setpoint.estimators.columns import Columns
from setpoint.progress import progress_bar
from setpoint.threads import threads

__all__ = ["MatrixEstimator", "SingleTarget"]


class MatrixEstimator(SweepEstimator):
    """Base of the estimators whose core reads a matrix."""

    # What `verbose` counts.
    _unit: ClassVar[str] = "iterations"

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the parameters.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; float32 and float64 are used as they are, without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target: class labels, or numbers.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative.

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
        self._adopt(data, self._learn(data, candidate, self._start(data)), {})
        return self

    def _start(self, data: SweepData) -> Any:
        """The model to go on from, or None."""
        return None

    def _learn(self, data: SweepData, candidate: dict[str, object], start: Any) -> Any:
        """The core's model; warns if its training did not converge."""
        settings = self.__dict__
        with progress_bar(int(settings.get("verbose", 0)), 0, self._unit) as progress:
            out = _core.fit(
                self._family,
                data,
                candidate=candidate,
                start=start,
                n_threads=threads(settings.get("n_jobs")),
                progress=progress,
            )
        if out["warning"] is not None:
            warnings.warn(out["warning"], ConvergenceWarning, stacklevel=4)
        return out["model"]

    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Any]:
        rows = _numbers(unfitted, X, reset=True)
        names = getattr(unfitted, "feature_names_in_", None)
        return Columns(rows.shape[1], names, (None,) * rows.shape[1]), rows

    def _read_rows(self, X: Any) -> Any:
        return _numbers(self, X, reset=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class SingleTarget(MatrixEstimator):
    """Base of those that learn one target: a column is taken as one, with a warning."""

    def _read_target(self, unfitted: Any, y: Any) -> NDArray[Any]:
        flat = None if y is None else column_or_1d(y, warn=True)  # None: as any estimator says it
        return super()._read_target(unfitted, flat)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _numbers(owner: Any, X: Any, reset: bool) -> Any:
    """`X` as a C-contiguous array or canonical CSR matrix of float32 or float64, finite."""
    rows = validate_data(
        owner, X, reset=reset, accept_sparse="csr", dtype=(np.float64, np.float32), order="C"
    )
    if issparse(rows) and not rows.has_canonical_format:
        rows = rows.copy() if rows is X else rows
        rows.sum_duplicates()
    return rows
