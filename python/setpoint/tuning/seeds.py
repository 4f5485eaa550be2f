"""The seed that the candidates of one search share. No random number is used here."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from setpoint.estimators.seeds import Seed, draw
from setpoint.tuning.one_of import OneOf
from setpoint.tuning.prefix import sweeps

__all__ = ["Seed", "draw", "seeded", "with_seed"]


def seeded(estimator: Any, seed: Seed) -> Any:
    """Clone the estimator for the search, with the seed of the search where it has none.

    scikit-learn's searches draw anew for each clone when ``random_state`` is None. Here one seed is
    drawn for the whole search: candidates with the same trees can share them, and differ by their
    hyperparameters only. The best estimator is fitted with the estimator's own ``random_state``.
    """
    own = clone(estimator)
    if type(own) is OneOf:
        own.models = [(name, seeded(model, seed)) for name, model in own.models]
        return own
    last, prefix = own, ""
    if type(own) is Pipeline:
        name, last = own.steps[-1]
        prefix = f"{name}__"
    if sweeps(last) and getattr(last, "random_state", 0) is None:
        own.set_params(**{f"{prefix}random_state": seed()})
    return own


def with_seed(estimator: Any, params: Mapping[str, Any], seed: Seed) -> dict[str, Any]:
    """Give the hyperparameters with a seed: every candidate must draw the same trees."""
    if not hasattr(estimator, "random_state"):
        return dict(params)
    state = params.get("random_state", estimator.random_state)
    if state is None:
        state = seed()
    # A generator is copied, as a clone would have copied it: each candidate draws its first number.
    fresh = deepcopy(state) if not isinstance(state, (int, np.integer)) else state
    return {**params, "random_state": fresh}
