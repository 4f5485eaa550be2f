"""The seed that the candidates of one search share. No random number is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from setpoint.tuning.prefix import sweeps

Seed = Callable[[], int]


def draw_once() -> Seed:
    """Give a function that draws a seed when it is first called, and then always returns it.

    It draws from numpy's global generator, as scikit-learn does for ``random_state=None``, so
    `numpy.random.seed` makes it repeatable; a search that needs no seed leaves the generator alone.
    """
    return cache(lambda: int(check_random_state(None).randint(2**31 - 1)))


def seeded(estimator: Any, seed: Seed) -> Any:
    """Clone the estimator for the search, with the seed of the search where it has none.

    scikit-learn's searches draw anew for each clone when ``random_state`` is None. Here one seed is
    drawn for the whole search: candidates with the same trees can share them, and differ by their
    hyperparameters only. The best estimator is fitted with the estimator's own ``random_state``.
    """
    own = clone(estimator)
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
