"""`Proposer`: the points that a Bayesian search evaluates next. It knows of no models and no loop.

The first points are spread over the space; then the surrogate of the compiled core chooses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from setpoint import _core
from setpoint.tuning.space import Params, Point, Space, draw
from setpoint.tuning.stopping import width

LISTED = 1000
"""A space of at most so many points is looked through, point by point."""

_POOL = 512
"""Allowed points that are drawn to choose from, where there are constraints."""

_EVERY = 30
"""Until so many points the surrogate is fitted anew each time, then when they are a tenth more."""


class Proposer:
    """Proposes points of a space, given the values of earlier ones; small values are wanted.

    Parameters
    ----------
    space : Space
        Where to look.
    random : numpy.random.Generator
        The source of all randomness.
    n_initial : int
        Points that are spread over the space before the surrogate is asked.
    bounds_regret : bool
        Whether to bound how much better than the best so far the best of the space may be.
    """

    def __init__(
        self,
        space: Space,
        random: np.random.Generator,
        n_initial: int,
        *,
        bounds_regret: bool = False,
    ) -> None:
        self._space, self._random = space, random
        self._surrogate = _core.Surrogate([_described(space, j) for j in range(len(space.columns))])
        self._listed = space.points(LISTED)
        self._design: list[Point] = []
        self._n_initial = n_initial
        self._points: list[Point] = []
        self._values: list[float] = []
        self._variances: list[float] = []
        self._waiting: dict[bytes, Point] = {}
        self._told: set[bytes] = set()
        self._theta: list[float] | None = None
        self._fitted_at = 0
        self.gains: list[float] = []
        self._bounds_regret = bounds_regret
        self.regret: float | None = None

    @property
    def n_initial_left(self) -> int:
        """How many spread points are still to be proposed."""
        return max(0, self._n_initial - len(self._points) - len(self._waiting))

    def ask(self, n: int) -> list[Point]:
        """The next points, all different and new; fewer than `n` if there are no more.

        ``gains`` then has the improvement that is expected of each, as far as the surrogate chose,
        and ``regret`` its bound before they are evaluated, if that is wanted.
        """
        self.gains, self.regret = [], None
        found: list[Point] = []
        while len(found) < n and (self.n_initial_left or not self._points_with_values()):
            point = self._spread()
            if point is None:
                return found
            found.append(self._propose(point))
        if len(found) < n:
            found += [self._propose(point) for point in self._chosen(n - len(found))]
        while len(found) < n and (point := self._spread()) is not None:
            found.append(self._propose(point))
        return found

    def tell(self, point: Point, value: float, variance: float = 0.0) -> None:
        """Learn the value of a point (NaN: it has none) and the variance of the value's noise."""
        self._waiting.pop(point.tobytes(), None)
        self._told.add(point.tobytes())
        self._points.append(point)
        self._values.append(float(value))
        self._variances.append(float(variance))

    def wait_for(self, points: Sequence[Point]) -> None:
        """Count these points, and no others, as proposed and not told yet."""
        self._waiting = {point.tobytes(): point for point in points}

    def _points_with_values(self) -> bool:
        return any(math.isfinite(value) for value in self._values)

    def _propose(self, point: Point) -> Point:
        self._waiting[point.tobytes()] = point
        return point

    def _is_new(self, point: Point) -> bool:
        key = point.tobytes()
        return key not in self._waiting and key not in self._told

    def _spread(self) -> Point | None:
        """The next point that is spread over the space, or a random one once these are used up."""
        if self._listed is not None:
            new = [point for point in self._listed if self._is_new(point)]
            return new[self._random.integers(len(new))] if new else None
        for _ in range(10):
            if not self._design:
                n = max(self._n_initial, 8)
                drawn = draw(self._space, n, self._random, "sobol")
                self._design = [self._space.encode(params) for params in drawn]
            while self._design:
                point = self._design.pop(0)
                if self._is_new(point):
                    return point
        return None

    def _chosen(self, n: int) -> list[Point]:
        """The points that the surrogate chooses."""
        values = np.array(self._values)
        known = np.isfinite(values)
        # A failure is as bad as the worst: the search keeps away from it, and not too far.
        values[~known] = values[known].max()
        refit = self._theta is None or len(values) < _EVERY or len(values) >= 1.1 * self._fitted_at
        if refit:
            self._fitted_at = len(values)
        pool = self._pool()
        if pool is not None and not len(pool):
            return []
        answer = self._surrogate.suggest(
            np.array(self._points),
            values,
            np.array(self._variances),
            taken=np.array(list(self._waiting.values())).reshape(-1, len(self._space.columns)),
            pool=pool,
            theta=self._theta,
            refit=refit,
            batch=n,
            width=width(len(self._space.columns), len(values)) if self._bounds_regret else None,
            seed=int(self._random.integers(2**63)),
        )
        self._theta, self.regret = answer["theta"], answer["regret"]
        points = [self._space.settle(point) for point in answer["points"]]
        kept = [number for number, point in enumerate(points) if self._is_new(point)]
        self.gains = [float(answer["gains"][number]) for number in kept]
        return list({points[number].tobytes(): points[number] for number in kept}.values())

    def _pool(self) -> Any:
        """The only points to choose from, or None where the whole space is."""
        if self._listed is not None:
            new = [point for point in self._listed if self._is_new(point)]
            return np.array(new).reshape(-1, len(self._space.columns))
        if not self._space.constraints:
            return None
        drawn = draw(self._space, _POOL, self._random)
        points = [self._space.encode(params) for params in drawn]
        return np.array(points + self._around()).reshape(-1, len(self._space.columns))

    def _around(self) -> list[Point]:
        """Allowed points around the best ones."""
        order = np.argsort(self._values)[:4]
        found = []
        for number in np.repeat(order, _POOL // 8):
            point = self._points[number].copy()
            moved = np.array([column.n_categories == 0 for column in self._space.columns])
            reach = self._random.choice([0.01, 0.05, 0.2])
            point[moved] += reach * self._random.normal(size=moved.sum())
            point = self._space.settle(np.clip(point, 0.0, 1.0))
            if self._space.allows(self._space.decode(point)):
                found.append(point)
        return found


def enough(space: Space) -> int:
    """How many points are spread over a space before the surrogate is asked, unless told."""
    return max(4, len(space.columns) + 1)


def start(space: Space, defaults: Mapping[str, Any]) -> tuple[Params, Point] | None:
    """The candidate of the defaults and its point, if it lies in the space."""
    values = {name: defaults[name] for name in space.names if name in defaults}
    for names in _active(space, values):
        params = {name: values[name] for name in names}
        try:
            point = space.encode(params)
            return (params, point) if space.allows(params) else None
        except ValueError:
            continue
    return None


def _active(space: Space, values: Params) -> Sequence[list[str]]:
    """Guesses of which of the names apply: all, or those whose conditions hold for the values."""
    point = np.full(len(space.columns), math.nan)
    names = []
    for item in space.placed:
        if item.name in values and all(point[c] in allowed for c, allowed in item.conditions):
            names.append(item.name)
            try:
                point[item.first : item.last] = item.dimension.encode(values[item.name])
            except ValueError:
                continue
    return [list(values), names]


def _described(
    space: Space, number: int
) -> tuple[bool, list[float] | None, list[tuple[int, list[float]]]]:
    column = space.columns[number]
    places = column.coordinates
    return (
        column.n_categories > 0,
        None if places is None else list(places),
        [(parent, list(allowed)) for parent, allowed in space.conditions(number)],
    )
