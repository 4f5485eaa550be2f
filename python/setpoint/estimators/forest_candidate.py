"""From a forest's hyperparameters to the core's candidate: what depends on the data is resolved.

Each value by itself was checked against its domain; here are the checks of values against each
other and against the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.base import SweepData
from setpoint.estimators.targets import class_weights

__all__ = ["forest_candidate"]

# These go to the core as they are; the others are resolved below, or never leave Python.
_AS_GIVEN = (
    "n_estimators",
    "criterion",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_features",
    "max_leaf_nodes",
    "min_impurity_decrease",
    "bootstrap",
    "max_samples",
    "ccp_alpha",
    "max_bins",
)
_LARGEST = 2**31 - 1  # a count beyond any data set: as good as any larger one


def forest_candidate(
    values: Mapping[str, Any], splitter: str, seed: int, data: SweepData
) -> dict[str, object]:
    """Resolve checked hyperparameters for a data set.

    Parameters
    ----------
    values : mapping of str to object
        All hyperparameters, each legal by itself.
    splitter : {"best", "random"}
        How splits are found.
    seed : int
        What random numbers start from.
    data : SweepData
        The training set.

    Raises
    ------
    ValueError
        If they contradict each other or the data.
    """
    if values["n_estimators"] > _LARGEST:
        raise ValueError(
            f"n_estimators={values['n_estimators']} trees do not fit into any memory. "
            "Use a few hundred or a few thousand."
        )
    if not values["bootstrap"]:
        _need_bootstrap(values)
    if values["criterion"] == "poisson":
        _check_counts(data.y)
    weights = class_weights(
        values.get("class_weight"),
        data.classes,
        bootstrap=values["bootstrap"],
        warm_start=values["warm_start"],
    )
    return {name: _bounded(values[name]) for name in _AS_GIVEN} | {
        "splitter": splitter,
        "class_weight": weights,
        "monotonic_cst": _directions(values["monotonic_cst"], data),
        "random_state": seed,
    }


def _bounded(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(value, _LARGEST) if whole else value


def _need_bootstrap(values: Mapping[str, Any]) -> None:
    if values["max_samples"] is not None:
        raise ValueError(
            "`max_samples` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` "
            "or set `max_samples=None`."
        )
    for name in ("oob_score", "early_stopping"):
        if values[name]:
            raise ValueError(
                f"Out of bag estimation only available if bootstrap=True, got {name}=True with "
                f"bootstrap=False. Switch to bootstrap=True or set {name}=False."
            )


def _check_counts(y: NDArray[np.float64]) -> None:
    if (y < 0).any():
        raise ValueError(
            "Some value(s) of y are negative which is not allowed for Poisson regression."
        )
    if y.sum() <= 0:
        raise ValueError(
            "Sum of y is not strictly positive which is necessary for Poisson regression."
        )


def _directions(monotonic_cst: Any, data: SweepData) -> list[int] | None:
    """Checked monotonic constraints, one for each column."""
    if monotonic_cst is None:
        return None
    if data.n_outputs > 1:
        raise ValueError("Monotonicity constraints are not supported with multiple outputs.")
    signs = np.asarray(monotonic_cst)
    if signs.shape != (data.X.shape[1],):
        raise ValueError(
            f"monotonic_cst has shape {signs.shape[0] if signs.ndim == 1 else signs.shape} but "
            f"the input data X has {data.X.shape[1]} features."
        )
    if not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            f"monotonic_cst must be None or an array-like of -1, 0 or 1, but got {np.unique(signs)}"
        )
    if data.n_classes and data.n_classes[0] > 2:
        raise ValueError(
            "Monotonicity constraints are not supported with multiclass classification"
        )
    if (signs.astype(bool) & data.categorical).any():
        raise ValueError("Categorical features cannot have monotonic constraints.")
    return [int(sign) for sign in signs]
