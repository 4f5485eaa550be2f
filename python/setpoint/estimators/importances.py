"""Importances of columns, measured on rows that a tree has not seen.

The core measures; here forests that were grown in several goes are put together. The formulas are
in ``rust/core/src/forest/importance.rs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.base import SweepData
from setpoint.estimators.growth import Growth
from setpoint.progress import progress_bar

__all__ = ["Importances", "checked_repeats", "out_of_bag_importances"]


@dataclass(frozen=True, slots=True)
class Importances:
    """Means over the trees that have out-of-bag rows.

    Attributes
    ----------
    permutation : ndarray of shape (n_features, n_repeats)
        Decrease of accuracy, or increase of the mean squared error.
    unbiased : ndarray of shape (n_features,)
        Decrease of impurity.
    """

    permutation: NDArray[np.float64]
    unbiased: NDArray[np.float64]


def checked_repeats(n_repeats: Any) -> int:
    """`n_repeats` as an int, or `ValueError`."""
    if isinstance(n_repeats, bool) or not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats must be an integer >= 1, got {n_repeats!r}")
    return int(n_repeats)


def out_of_bag_importances(
    growth: Growth, data: SweepData, *, n_repeats: int, seed: int, n_threads: int, verbose: int
) -> Importances:
    """Importances of the columns of the training set `data` for a grown forest.

    Raises
    ------
    ValueError
        If `data` is not the training set, or no tree has out-of-bag rows.
    """
    d = data.X.shape[1]
    permutation, unbiased, n_trees = np.zeros((d, n_repeats)), np.zeros(d), 0
    for span in growth.spans:
        if span.n_samples != len(data.X):
            raise ValueError(
                f"X has {len(data.X)} rows, the forest was grown on {span.n_samples}: "
                "pass the training set"
            )
        with progress_bar(verbose, span.last, "trees", span.first) as progress:
            found = growth.model.oob_importances(
                data,
                candidate=dict(span.candidate),
                first=span.first,
                last=span.last,
                n_repeats=n_repeats,
                seed=seed,
                n_threads=n_threads,
                progress=progress,
            )
        permutation = permutation + found["n_trees"] * found["permutation"]
        unbiased = unbiased + found["n_trees"] * found["unbiased"]
        n_trees += found["n_trees"]
    if n_trees == 0:
        raise ValueError(
            "each tree has drawn every row, so none is out of bag: fit with more rows or a smaller "
            "max_samples"
        )
    return Importances(permutation / n_trees, unbiased / n_trees)
