"""The seed that the candidates of one search share. No random number is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from setpoint.tuning.one_of import OneOf
from setpoint.tuning.prefix import sweeps


def draw() -> int:
    """A seed from numpy's global generator, as scikit-learn draws for ``random_state=None``.

    So `numpy.random.seed` makes it repeatable.
    """
    return int(check_random_state(None).randint(2**31 - 1))


class Seed:
    """A seed that is drawn when it is first asked for, and then stays the same.

    A search that needs no seed leaves numpy's global generator alone. One that is sent to another
    process has drawn it before.

    Parameters
    ----------
    make : callable
        Draws it.
    """

    def __init__(self, make: Callable[[], int] = draw) -> None:
        self._make = make
        self._value: int | None = None

    def __call__(self) -> int:
        """The seed."""
        if self._value is None:
            self._value = self._make()
        return self._value

    def __getstate__(self) -> dict[str, Any]:
        return {"_make": draw, "_value": self()}


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
