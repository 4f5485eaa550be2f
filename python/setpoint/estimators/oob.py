"""Out-of-bag estimates: what the trees that have not seen a row say of it, and how good that is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score

from setpoint.estimators.base import SweepData
from setpoint.estimators.growth import Growth, OutOfBag

__all__ = ["out_of_bag_attributes", "out_of_bag_of", "out_of_bag_score", "refuse_target"]


def refuse_target(data: SweepData) -> None:
    """Raise `ValueError` where scikit-learn has no out-of-bag score: several multiclass outputs."""
    sizes = data.n_classes
    if len(sizes) > 1 and (max(sizes) > 2 or len(set(sizes)) > 1):
        raise ValueError(
            "The type of target cannot be used to compute OOB estimates. Got "
            "multiclass-multioutput while only the following are supported: continuous, "
            "continuous-multioutput, binary, multiclass, multilabel-indicator. Set "
            "oob_score=False, or fit one estimator for each output."
        )


def out_of_bag_attributes(
    data: SweepData, sums: OutOfBag, oob_score: bool | Callable[..., float]
) -> dict[str, Any]:
    """The attributes that `oob_score` adds: estimates for the training rows and their score."""
    if (sums.count == 0).any():
        warnings.warn(
            "Some inputs do not have OOB scores. This probably means too few trees were used to "
            "compute any reliable OOB estimates.",
            UserWarning,
            stacklevel=4,
        )
    estimates = _estimates(data, sums)
    score = oob_score if callable(oob_score) else None
    name = "oob_decision_function_" if data.n_classes else "oob_prediction_"
    return {name: estimates, "oob_score_": _score(data, estimates, score)}


def out_of_bag_score(
    data: SweepData, sums: OutOfBag, oob_score: bool | Callable[..., float]
) -> float:
    """Score of the rows that some tree has not seen; -inf while there are none."""
    seen = sums.count > 0
    if seen.sum() < 2:
        return -np.inf
    part = OutOfBag(sums.total[seen], sums.count[seen])
    truth = data.y[seen]
    if data.n_classes and not callable(oob_score):
        return float(np.mean(truth == _codes(data, part.total)))
    estimates = _estimates(data, part)
    return _score(data, estimates, oob_score if callable(oob_score) else None, truth)


def out_of_bag_of(growth: Growth, data: SweepData, n_threads: int) -> OutOfBag:
    """Sums for a forest that was grown without them, tree by tree.

    The core adds them up while it grows; this serves `warm_start` when `oob_score` was switched on
    only later.
    """
    leaves = growth.model.apply(data.X, n_threads)
    width = sum(data.n_classes) or data.n_outputs
    total = np.zeros((len(data.X), width))
    count = np.zeros(len(data.X), dtype=np.uint32)
    for span in growth.spans:
        if span.n_samples != len(data.X):
            raise ValueError(
                f"oob_score with warm_start needs the rows that all trees were grown on: got "
                f"{len(data.X)} rows, earlier trees have seen {span.n_samples}."
            )
        for tree in range(span.first, span.last):
            unseen = span.drawn(tree) == 0
            value = growth.model.tree(tree)["value"][leaves[unseen, tree]]
            total[unseen] += _side_by_side(value, data)
            count += unseen
    return OutOfBag(total, count)


def _side_by_side(value: NDArray[np.float64], data: SweepData) -> NDArray[np.float64]:
    """Nodes' values (n, n_outputs, most classes) as the core's columns (n, n_values)."""
    if not data.n_classes:
        return value[:, :, 0]
    return np.concatenate([value[:, k, :size] for k, size in enumerate(data.n_classes)], axis=1)


def _estimates(data: SweepData, sums: OutOfBag) -> NDArray[np.float64]:
    """Means: (n, n_classes[, n_outputs]) or (n,[ n_outputs]), as scikit-learn shapes them."""
    mean = sums.total / np.maximum(sums.count, 1)[:, None]
    if data.n_classes:
        shape = (len(mean), data.n_outputs, data.n_classes[0])
        mean = np.ascontiguousarray(mean.reshape(shape).transpose(0, 2, 1))
    return mean[..., 0] if data.n_outputs == 1 else mean


def _codes(data: SweepData, values: NDArray[np.float64]) -> NDArray[np.int64]:
    parts = np.split(values, np.cumsum(data.n_classes)[:-1], axis=1)
    return np.stack([part.argmax(axis=1) for part in parts], axis=1)


def _score(
    data: SweepData,
    estimates: NDArray[np.float64],
    score: Callable[..., float] | None,
    truth: NDArray[np.float64] | None = None,
) -> float:
    truth = data.y if truth is None else truth
    truth = truth[:, 0] if data.n_outputs == 1 else truth
    if data.n_classes:
        # Codes, not labels, as in scikit-learn.
        return float((score or accuracy_score)(truth.astype(np.int64), estimates.argmax(axis=1)))
    return float((score or r2_score)(truth, estimates))
