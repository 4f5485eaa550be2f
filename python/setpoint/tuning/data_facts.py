"""What a search remembers of its training set: sizes and kinds, no values of X."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target

__all__ = ["DataFacts"]


@dataclass(frozen=True)
class DataFacts:
    """A training set in words.

    Attributes
    ----------
    n_samples : int
        Rows.
    n_features : int or None
        Columns; None if the input is no table.
    kind : str
        What holds the rows.
    target : str
        The target: how many classes and how large they are, or the range of the numbers.
    """

    n_samples: int
    n_features: int | None
    kind: str
    target: str

    @classmethod
    def of(cls, X: Any, y: Any) -> Self:
        """The facts of a training set that a search was fitted to."""
        shape: tuple[int, ...] = X.shape if hasattr(X, "shape") else (len(X),)
        n_features = int(shape[1]) if len(shape) == 2 else None
        return cls(int(shape[0]), n_features, _kind(X), "none" if y is None else _target(y))


def _kind(X: Any) -> str:
    name = type(X).__name__
    if issparse(X):
        return f"sparse {X.dtype} ({name}), {X.nnz:,} values stored"
    return f"{X.dtype} array" if isinstance(X, np.ndarray) else name


def _target(y: Any) -> str:
    what = str(type_of_target(y))
    if what in ("binary", "multiclass"):
        counts = np.unique(np.asarray(y), return_counts=True)[1]
        least, most = int(counts.min()), int(counts.max())
        sizes = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        return f"{len(counts)} classes of {sizes} rows"
    if what == "continuous":
        values = np.asarray(y, dtype=np.float64)
        low, mean, high = values.min(), values.mean(), values.max()
        return f"numbers from {low:.4g} to {high:.4g}, mean {mean:.4g}"
    return what
