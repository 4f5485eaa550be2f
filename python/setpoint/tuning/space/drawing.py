"""Points of a space at random: independent, or spread evenly (Sobol points, a Latin hypercube)."""

from __future__ import annotations

import warnings
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from setpoint.tuning.space.dimension import INACTIVE
from setpoint.tuning.space.space import Params, Point, Space, applies

Sampling = Literal["random", "sobol", "latin"]
"""How draws are spread: independently; as scrambled Sobol points; as a Latin hypercube."""

SAMPLINGS: tuple[Sampling, ...] = get_args(Sampling)

MOST_LISTED = 10_000
"""A space of at most so many points is listed and drawn from without replacement."""

_ATTEMPTS = 200
"""Draws of a batch after which a space is taken to hold no more points that are allowed."""


def draw(
    space: Space, n: int, random: np.random.Generator, sampling: Sampling = "random"
) -> list[Params]:
    """Draw `n` different candidates that the constraints allow; fewer if there are not so many.

    Parameters
    ----------
    space : Space
        The space.
    n : int
        How many.
    random : numpy.random.Generator
        The source of all randomness.
    sampling : {"random", "sobol", "latin"}
        How draws are spread.
    """
    listed = space.points(MOST_LISTED)
    if listed is not None and (len(listed) <= n or sampling == "random"):
        order = random.permutation(len(listed))[:n]
        return [space.decode(listed[place]) for place in order]
    found: dict[bytes, Params] = {}
    for attempt in range(_ATTEMPTS):
        # The first batch is spread as asked; what it lacks is drawn independently.
        kind = sampling if attempt == 0 else "random"
        for shares in _shares(max(n - len(found), 1), len(space.columns), random, kind):
            point = space.settle(at(space, shares))
            params = space.decode(point)
            if len(found) < n and space.allows(params):
                found.setdefault(point.tobytes(), params)
        if len(found) == n:
            break
    return list(found.values())


def at(space: Space, shares: NDArray[np.float64]) -> Point:
    """The point at these shares, each in [0, 1), of the way through the columns."""
    point = np.full(len(space.columns), INACTIVE)
    for number, column in enumerate(space.columns):
        if applies(space.conditions(number), point):
            point[number] = column.at(shares[number])
    return point


def _shares(n: int, d: int, random: np.random.Generator, sampling: Any) -> NDArray[np.float64]:
    if sampling == "sobol":
        with warnings.catch_warnings():  # that balance needs a power of 2: it is a search, no mean
            warnings.simplefilter("ignore", UserWarning)
            return np.asarray(qmc.Sobol(d, rng=random).random(n))
    if sampling == "latin":
        return np.asarray(qmc.LatinHypercube(d, rng=random).random(n))
    return random.random((n, d))
