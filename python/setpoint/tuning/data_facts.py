"""What a search remembers of its training set: sizes and kinds, no values of X."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import is_classifier

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
    def of(cls, X: Any, y: Any, estimator: Any) -> Self:
        """The facts of a training set that a search of an estimator was fitted to."""
        shape: tuple[int, ...] = X.shape if hasattr(X, "shape") else (len(X),)
        n_features = int(shape[1]) if len(shape) == 2 else None
        target = "none" if y is None else _target(y, is_classifier(estimator))
        return cls(int(shape[0]), n_features, _kind(X), target)


def _kind(X: Any) -> str:
    name = type(X).__name__
    if issparse(X):
        return f"sparse {X.dtype} ({name}), {X.nnz:,} values stored"
    return f"{X.dtype} array" if isinstance(X, np.ndarray) else name


def _target(y: Any, is_class: bool) -> str:
    """The target in words, of whatever shape and kind an estimator may take."""
    try:
        values = np.asarray(y)
    except ValueError:  # rows of different lengths
        return type(y).__name__
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        what = "classes" if is_class else "numbers"
        return f"{values.shape[1]} columns of {what}" if values.ndim == 2 else type(y).__name__
    numbers = None if is_class else _numbers(values)
    return _classes(values) if numbers is None else _range(numbers)


def _numbers(values: Any) -> NDArray[np.float64] | None:
    try:
        return values.astype(np.float64) if values.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        return None


def _classes(values: Any) -> str:
    counts = Counter(values.tolist()).values()
    least, most = min(counts), max(counts)
    sizes = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{len(counts)} classes of {sizes} rows"


def _range(numbers: NDArray[np.float64]) -> str:
    known = numbers[np.isfinite(numbers)]
    missing = f", {len(numbers) - len(known):,} missing" if len(known) < len(numbers) else ""
    if not len(known):
        return f"no numbers{missing}"
    low, mean, high = known.min(), known.mean(), known.max()
    return f"numbers from {low:.4g} to {high:.4g}, mean {mean:.4g}{missing}"
