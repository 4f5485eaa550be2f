"""Targets and weights: from what the user gives to the core's codes and numbers.

Rows are in ``columns``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

__all__ = ["class_codes", "class_weights", "read_target", "read_weights"]


def read_target(owner: Any, y: Any, *, numeric: bool) -> NDArray[Any]:
    """`y` as a 2-D array (n_samples, n_outputs), checked: finite, not empty.

    Parameters
    ----------
    owner : estimator
        Named in messages.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target.
    numeric : bool
        Whether it must be numbers (regression).
    """
    if issparse(y):
        raise ValueError(
            "sparse multilabel-indicator for y is not supported. Pass y.toarray() instead."
        )
    y = validate_data(owner, y=y, multi_output=True, y_numeric=numeric)
    if y.ndim == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=4,
        )
    y = y.reshape(-1, 1) if y.ndim == 1 else y
    if not numeric:
        if y.dtype.kind not in "biu":  # whole numbers are always labels
            _refuse_mixed(y)
            check_classification_targets(y)
        return np.asarray(y)
    if y.dtype.kind not in "fiub":
        try:
            y = y.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"y must be numbers for a regressor, got dtype {y.dtype}. For class labels use "
                "the classifier."
            ) from None
    assert_all_finite(y, input_name="y")  # once more: None has become NaN
    return np.ascontiguousarray(y, dtype=np.float64)


def _refuse_mixed(y: NDArray[Any]) -> None:
    kinds = {type(label) for label in y.flat} if y.dtype.kind == "O" else set()
    if str in kinds and len(kinds) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(
            f"y mixes labels of types {names}, which have no common order. Make them all text, "
            "for example with y.astype(str)."
        )


def class_codes(y: NDArray[Any]) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
    """Codes 0, 1, ... of the classes of each output, and the classes, sorted."""
    codes = np.empty(y.shape, dtype=np.float64)
    classes = []
    for k in range(y.shape[1]):
        found, codes[:, k] = _unique(y[:, k])
        classes.append(found)
    return codes, classes


def _unique(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """``np.unique(labels, return_inverse=True)``, without sorting where they are small ints."""
    if labels.dtype.kind in "iu":
        # Modulo 2^64 whatever the type: differences are small, so they come out right.
        whole = labels.astype(np.int64)
        low = labels.min().astype(np.int64)
        if int(labels.max()) - int(labels.min()) < 65_536:
            shifted = whole - low
            present = np.bincount(shifted) > 0
            found = (np.flatnonzero(present) + low).astype(labels.dtype)
            return found, (np.cumsum(present) - 1)[shifted]
    found, codes = np.unique(labels, return_inverse=True)
    return found, codes


def read_weights(sample_weight: Any, X: Any) -> NDArray[np.float64] | None:
    """Checked weights, shape (n_samples,): finite, not negative, not all zero."""
    if sample_weight is None:
        return None
    return np.asarray(
        _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    )


def class_weights(
    class_weight: Any,
    classes: Sequence[NDArray[Any]],
    *,
    bootstrap: bool = False,
    warm_start: bool = False,
) -> str | list[list[float]] | None:
    """The core's form of `class_weight`: a preset's name, or weights by output and class code."""
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        if warm_start:
            warnings.warn(
                'class_weight presets "balanced" or "balanced_subsample" are not recommended for '
                "warm_start if the fitted data differs from the full dataset. In order to use "
                '"balanced" weights, use compute_class_weight("balanced", classes, y). In place '
                "of y you can use a large enough sample of the full training set target to "
                "properly estimate the class frequency distributions. Pass the resulting weights "
                "as the class_weight parameter.",
                stacklevel=4,
            )
        # Without a bootstrap sample there is nothing to balance but the whole.
        return class_weight if bootstrap else "balanced"
    given = _by_output(class_weight, len(classes))
    return [
        compute_class_weight(weights, classes=labels, y=labels).tolist()
        for weights, labels in zip(given, classes, strict=True)
    ]


def _by_output(class_weight: Any, n_outputs: int) -> list[Any]:
    if isinstance(class_weight, dict):
        if n_outputs > 1:
            raise ValueError(
                "For multi-output, class_weight should be a list of dicts, or the string "
                f"'balanced', got one dict for {n_outputs} outputs."
            )
        return [class_weight]
    if len(class_weight) != n_outputs:
        raise ValueError(
            "For multi-output, number of elements in class_weight should match number of outputs. "
            f"Got {len(class_weight)} element(s) while having {n_outputs} outputs."
        )
    if not all(isinstance(item, dict) for item in class_weight):
        raise ValueError(
            "class_weight as a list must hold one dict (class label to weight) for each output."
        )
    return list(class_weight)
