"""Profiled search: hyperparameters that cost next to nothing leave the surrogate's space.

A sweep scores many values of a free hyperparameter for about the cost of one model. So one
evaluation of the others returns the best over a whole slice of the free ones: fewer dimensions to
learn, and better values. Nothing is proposed or evaluated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from setpoint.tuning.prefix import sweeps
from setpoint.tuning.space import Params, Space, draw
from setpoint.tuning.space.default import declaration
from setpoint.tuning.space.drawing import at

_FREE, _CHEAP = 24, 8
"""Settings in a slice of free hyperparameters, and of cheap ones (a warm path)."""

_FINEST = 3
"""A regular slice has so many values of each hyperparameter at least."""


@dataclass(frozen=True)
class Profile:
    """A space to model, and the slice that is evaluated at each of its points.

    Attributes
    ----------
    space : Space or None
        Of the hyperparameters that need trainings of their own; None if none does.
    settings : list of dict
        Of the others; one that is empty where there are none.
    """

    space: Space | None
    settings: list[Params]


def profile(estimator: Any, space: Space, random: np.random.Generator) -> Profile:
    """Take out of the space what a sweep of this estimator gets for next to nothing."""
    costs = {name: _cost(estimator, name) for name in space.names}
    apart = [name for name in space.separable() if costs[name] in ("free", "cheap")]
    if not apart:
        return Profile(space, [{}])
    free = space.only(apart)
    rest = [name for name in space.names if name not in apart]
    most = _FREE if any(costs[name] == "free" for name in apart) else _CHEAP
    settings = _slice(free, _defaults(estimator, free), most, random)
    return Profile(space.only(rest) if rest else None, settings)


def _cost(estimator: Any, name: str) -> str:
    """What one more value of a hyperparameter costs, in a search over this estimator."""
    last, own = estimator, name
    if type(estimator) is Pipeline:
        step, last = estimator.steps[-1]
        prefix, _, own = name.partition("__")
        if prefix != step:
            return "full"
    found = declaration(last, own) if sweeps(last) else None
    return "full" if found is None else found.cost


def _defaults(estimator: Any, space: Space) -> Params:
    """The estimator's own values; the middle of its range for one that lies outside."""
    own: Mapping[str, Any] = estimator.get_params()
    middle = space.decode(at(space, np.full(len(space.columns), 0.5)))
    return {name: _inside(space.only([name]), name, own[name], middle[name]) for name in middle}


def _inside(space: Space, name: str, value: Any, otherwise: Any) -> Any:
    try:
        space.encode({name: value})
    except ValueError:
        return otherwise
    return value


def _slice(space: Space, defaults: Params, most: int, random: np.random.Generator) -> list[Params]:
    """The defaults, and about `most` other settings.

    A regular grid with both ends of each range where that is fine enough. Else half of them leave
    all but one hyperparameter at its default, and half are Sobol points: free hyperparameters
    mostly hold a model back, and many at a time hold it back too much.
    """
    fineness = int(most ** (1 / len(space.columns)) + 1e-9)
    if fineness >= _FINEST:
        found = _grid(space, fineness)
    else:
        names = space.names
        alone = max(_FINEST, most // (2 * len(names)))
        found = [
            {**defaults, **changed}
            for name in names
            for changed in _grid(space.only([name]), alone)
        ]
        found += draw(space, max(0, most - len(found)), random, "sobol")
    return [defaults, *(setting for setting in found if setting != defaults)]


def _grid(space: Space, fineness: int) -> list[Params]:
    """So many values along each column, in all combinations."""
    shares = np.linspace(0.0, 1.0 - 1e-12, fineness)
    mesh = np.stack(np.meshgrid(*[shares] * len(space.columns), indexing="ij"), axis=-1)
    points = [space.settle(at(space, row)) for row in mesh.reshape(-1, len(space.columns))]
    return list({point.tobytes(): space.decode(point) for point in points}.values())
