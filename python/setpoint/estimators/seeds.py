"""From scikit-learn's `random_state` to the one integer that the core's counters start from."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["Seed", "draw", "seed_of"]


def seed_of(random_state: Any) -> int:
    """The seed of one training or one search.

    Parameters
    ----------
    random_state : int, RandomState or None
        An int is the seed itself; from a `RandomState` one number is drawn, for None from numpy's
        global generator, as scikit-learn does: `numpy.random.seed` makes it repeatable.
    """
    if isinstance(random_state, Integral):
        return int(random_state)
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(check_random_state(random_state).randint(2**32, dtype=np.uint32))
    raise TypeError(
        "random_state must be an int, a numpy.random.RandomState or None, "
        f"got {type(random_state).__name__}"
    )


def draw() -> int:
    """The seed of ``random_state=None``."""
    return seed_of(None)


class Seed:
    """A seed that is drawn when it is first asked for, and then stays the same.

    What needs no seed leaves the generator alone. One that is sent to another process has drawn it
    before.

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
