"""From scikit-learn's `random_state` to the one integer that the core's counters start from."""

from __future__ import annotations

import secrets
from numbers import Integral
from typing import Any

import numpy as np

__all__ = ["seed_of"]


def seed_of(random_state: Any) -> int:
    """The seed of one training or one search.

    Parameters
    ----------
    random_state : int, RandomState or None
        An int is the seed itself; from a `RandomState` one number is drawn; None asks the
        operating system for fresh entropy.
    """
    if random_state is None:
        return secrets.randbits(32)
    if isinstance(random_state, Integral):
        return int(random_state)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**32, dtype=np.uint32))
    raise TypeError(
        "random_state must be an int, a numpy.random.RandomState or None, "
        f"got {type(random_state).__name__}"
    )
