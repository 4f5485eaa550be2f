"""What a model remembers of its input's columns, and how rows become the core's float32 matrix.

Numbers stay numbers (NaN: missing); a categorical column becomes codes 0, 1, ... in the order of
its categories (``categories``). Targets and weights are in ``targets``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from setpoint.estimators.categories import categorical_mask, codes, learn_categories, refuse_text

__all__ = ["Columns"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a training set.

    Parameters
    ----------
    n_features : int
        How many there are.
    names : ndarray of str or None
        Their names, where the input had any.
    categories : tuple of (ndarray or None)
        The categories of each categorical column; None where the column is numeric.
    """

    n_features: int
    names: NDArray[Any] | None
    categories: tuple[NDArray[Any] | None, ...]

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Which columns are categorical, shape (n_features,)."""
        return np.array([known is not None for known in self.categories], dtype=np.bool_)

    @property
    def plain(self) -> bool:
        """Whether a bare array of numbers is all that is needed: no names, no categories."""
        return self.names is None and not self.categorical.any()

    @classmethod
    def learn(cls, unfitted: Any, X: Any, spec: Any) -> tuple[Columns, NDArray[np.float32]]:
        """Columns and rows of a training set.

        Parameters
        ----------
        unfitted : estimator
            Named in messages; is given `n_features_in_` and `feature_names_in_`.
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The training input.
        spec : None, "from_dtype" or array-like
            The hyperparameter `categorical_features`.
        """
        frame = _frame(X)
        if frame is None and spec is not None and not isinstance(spec, str):
            X = check_array(X, dtype=None, ensure_all_finite=False, input_name="X")
        mask = categorical_mask(frame, X, spec)
        if frame is not None:
            refuse_text(frame, mask)
        if mask is None:
            rows = _numeric(unfitted, X, reset=True)
            known: tuple[NDArray[Any] | None, ...] = (None,) * rows.shape[1]
        else:
            validate_data(unfitted, X, skip_check_array=True)
            read = _split(X, frame)
            known = tuple(
                learn_categories(column, j) if is_categorical else None
                for j, (column, is_categorical) in enumerate(zip(read, mask, strict=True))
            )
            rows = _assemble(unfitted, read, known)
        names = getattr(unfitted, "feature_names_in_", None)
        return cls(rows.shape[1], names, known), rows

    def read(self, fitted: Any, X: Any) -> NDArray[np.float32]:
        """The rows of `X`, checked against the columns that the model was trained on."""
        frame = _frame(X)
        mask = self.categorical
        if frame is not None and len(frame.columns) == len(mask):
            refuse_text(frame, mask)
        if not mask.any():
            return _numeric(fitted, X, reset=False)
        if frame is None:
            X = check_array(X, dtype=None, ensure_all_finite=False, input_name="X")
        validate_data(fitted, X, reset=False, skip_check_array=True)
        return _assemble(fitted, _split(X, frame), self.categories)


def _frame(X: Any) -> nw.DataFrame[Any] | None:
    if isinstance(X, np.ndarray) or not nw.dependencies.is_into_dataframe(X):
        return None
    frame: nw.DataFrame[Any] = nw.from_native(X, eager_only=True)
    return frame


def _split(X: Any, frame: nw.DataFrame[Any] | None) -> list[Any]:
    """Columns one by one: series of a frame, else 1-D arrays."""
    return list(X.T) if frame is None else list(frame.iter_columns())


def _assemble(
    owner: Any, read: list[Any], categories: tuple[NDArray[Any] | None, ...]
) -> NDArray[np.float32]:
    rows = np.empty((len(read[0]), len(read)), dtype=np.float32)
    for j, (column, known) in enumerate(zip(read, categories, strict=True)):
        rows[:, j] = _numbers(column, j) if known is None else codes(column, known)
    return np.asarray(_check(owner, rows))


def _numbers(column: Any, position: int) -> NDArray[np.float32]:
    if isinstance(column, nw.Series):
        native = column.to_native()
        if hasattr(native, "isna"):  # pandas: nullable types need to be told what missing is
            return np.asarray(native.to_numpy(dtype=np.float32, na_value=np.nan))
        return np.asarray(column.to_numpy()).astype(np.float32)
    try:
        return np.asarray(column).astype(np.float32)
    except (TypeError, ValueError):
        raise ValueError(
            f"column {position} of X holds values that are no numbers. Encode them as numbers, or "
            f"name the column in categorical_features, as in categorical_features=[{position}]."
        ) from None


def _numeric(owner: Any, X: Any, reset: bool) -> NDArray[np.float32]:
    """`X` as a C-contiguous float32 array, finite or NaN."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        rows = validate_data(
            owner,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=np.float32,
            order="C",
            ensure_all_finite="allow-nan",
        )
    return _dense(rows) if issparse(rows) else np.asarray(rows)


def _check(owner: Any, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(
        check_array(
            rows, dtype=np.float32, order="C", ensure_all_finite="allow-nan", estimator=owner
        )
    )


def _dense(rows: Any) -> NDArray[np.float32]:
    """A sparse matrix in full; refused where that would exceed the machine's memory."""
    needed = 4 * rows.shape[0] * rows.shape[1]
    if needed > (memory := _physical_memory()):
        raise MemoryError(
            f"X is sparse, {rows.shape[0]:,} x {rows.shape[1]:,}: dense it takes "
            f"{needed / 2**30:.1f} GiB and this machine has {memory / 2**30:.1f} GiB. "
            "Select or project columns first, for example with sklearn.decomposition.TruncatedSVD."
        )
    return np.ascontiguousarray(rows.toarray(), dtype=np.float32)


def _physical_memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # no such call on this system
        return float("inf")
