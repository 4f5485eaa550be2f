"""Profiled search: hyperparameters that cost next to nothing leave the surrogate's space.

A sweep scores many values of a free hyperparameter for about the cost of one model. So one
evaluation of the others returns the best over a whole slice of the free ones: fewer dimensions to
learn, and better values. Nothing is proposed or evaluated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from setpoint.tuning.prefix import sweeps
from setpoint.tuning.space import Column, Params, Space, draw
from setpoint.tuning.space.default import declaration
from setpoint.tuning.space.drawing import at

_FREE, _CHEAP = 20, 8
"""Settings in a slice of free hyperparameters, and of cheap ones (a warm path)."""

_FINEST = 3
"""A regular slice has so many values of each hyperparameter at least."""

_REACH = 0.25
"""Settings around the best one lie so far from it at most, as a share of the range."""

_LENGTHS = ("n_estimators", "max_iter")
"""Free hyperparameters of which the largest value in a slice is what the slice costs."""

_LENGTHS_TRIED = 5

_COSTLY_PATHS = ("svm", "linear_svm")
"""Families whose path over nine values takes three to five times as long as one candidate."""


@dataclass(frozen=True)
class Profile:
    """A space to model, and the slices that are evaluated at its points.

    Attributes
    ----------
    space : Space or None
        Of the hyperparameters that need trainings of their own; None if none does.
    slices : Slices
        Of the others.
    """

    space: Space | None
    slices: Slices


class Slices:
    """Settings of the free hyperparameters: what is evaluated at a point, and at the end.

    The first slices are spread about the defaults, the later ones lie around the best setting so
    far, so what was found at one point is tried at the next. Lengths (the number of trees or
    epochs) are held at their defaults: an evaluation is to cost what one candidate costs, and more
    of them is more of the same. At the end they are tried at the best point.

    Parameters
    ----------
    first : list of dict
        The first slice; the defaults are its first setting.
    around : Space or None
        Of the hyperparameters that move with the best setting.
    most : int
        Settings in a later slice.
    lengths : list of dict
        What is tried at the end.
    random : numpy.random.Generator or None
        The source of all randomness.
    """

    def __init__(
        self,
        first: Sequence[Params] = ({},),
        *,
        around: Space | None = None,
        most: int = 0,
        lengths: Sequence[Params] = (),
        random: np.random.Generator | None = None,
    ) -> None:
        self.first, self.lengths = list(first), list(lengths)
        self._around, self._most, self._random = around, most, random
        self._best: Params = self.first[0]
        self._worth = -np.inf

    def next(self) -> list[Params]:
        """The settings to evaluate at the next points."""
        if self._around is None or self._random is None:
            return self.first
        names = self._around.names
        centre = {name: self._best[name] for name in names}
        moved = _around(self._around, centre, self._most, self._random)
        return [{**self._best, **setting} for setting in moved]

    def tell(self, settings: Sequence[Params], worths: Any) -> None:
        """Learn the worths (n_points, n_settings) of a batch; NaN: it has none."""
        for row in np.asarray(worths):
            if np.isfinite(row).any() and np.nanmax(row) > self._worth:
                self._worth = float(np.nanmax(row))
                self._best = settings[int(np.nanargmax(row))]


def profile(estimator: Any, space: Space, random: np.random.Generator) -> Profile:
    """Take out of the space what a sweep of this estimator gets for next to nothing."""
    costs = {name: _cost(estimator, name) for name in space.separable()}
    apart = [name for name, cost in costs.items() if cost == "free"]
    most = _FREE
    if not apart:  # among free ones, a path would be the only cost
        apart, most = [name for name, cost in costs.items() if cost == "cheap"], _CHEAP
    if not apart:
        return Profile(space, Slices())
    rest = [name for name in space.names if name not in apart]
    if not rest:
        return Profile(None, Slices(_slice(space, _defaults(estimator, space), most, random)))
    lengths = [name for name in apart if name.split("__")[-1] in _LENGTHS]
    others = [name for name in apart if name not in lengths]
    held = _defaults(estimator, space.only(lengths)) if lengths else {}
    tried = _grid(space.only(lengths), _LENGTHS_TRIED) if lengths else []
    if not others:
        slices = Slices([held], lengths=tried, random=random)
        return Profile(space.only(rest), slices)
    free = space.only(others)
    first = [
        {**held, **setting} for setting in _slice(free, _defaults(estimator, free), most, random)
    ]
    slices = Slices(first, around=free, most=most, lengths=tried, random=random)
    return Profile(space.only(rest), slices)


def _cost(estimator: Any, name: str) -> str:
    """What one more value of a hyperparameter costs, in a search over this estimator."""
    last, own = estimator, name
    if type(estimator) is Pipeline:
        step, last = estimator.steps[-1]
        prefix, _, own = name.partition("__")
        if prefix != step:
            return "full"
    found = declaration(last, own) if sweeps(last) else None
    if found is None or (found.cost == "cheap" and last._family in _COSTLY_PATHS):
        return "full"
    return found.cost


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


def _around(space: Space, centre: Params, most: int, random: np.random.Generator) -> list[Params]:
    """The centre and at most so many settings near it: one column changed at a time, then some."""
    point = space.encode(centre)
    d = len(space.columns)
    found = {point.tobytes(): centre}
    for number in range(2 * most):
        if len(found) == most:
            break
        moved = point.copy()
        changed = random.random(d) < 0.5 if number >= d else np.arange(d) == number
        for column in np.flatnonzero(changed):
            moved[column] = _moved(space.columns[column], moved[column], random)
        unset = np.isnan(moved)  # the number of a range that was not in use
        moved[unset] = random.random(unset.sum())
        moved = space.settle(moved)
        found.setdefault(moved.tobytes(), space.decode(moved))
    return list(found.values())


def _moved(column: Column, coordinate: float, random: np.random.Generator) -> float:
    """Another category, or a number nearby."""
    if column.n_categories:
        return float(
            (coordinate + random.integers(1, max(column.n_categories, 2))) % column.n_categories
        )
    reach = _REACH / 2 ** random.integers(4)
    return float(np.clip(coordinate + random.choice([-1.0, 1.0]) * reach, 0.0, 1.0))
