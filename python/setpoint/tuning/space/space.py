"""`Space`: several hyperparameters, when each applies, and which combinations are allowed.

A point is an array of coordinates, one a column, NaN where a column does not apply. How points are
drawn or chosen is not known here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from setpoint.tuning.space.dimension import INACTIVE, Column, Dimension, Listed, dimension

Point: TypeAlias = NDArray[np.float64]

Params: TypeAlias = dict[str, Any]

Constraint: TypeAlias = Callable[[Params], bool]

Condition: TypeAlias = tuple[int, tuple[float, ...]]
"""Number of a column, and the coordinates of it for which something applies."""


@dataclass(frozen=True)
class Placed:
    """A dimension at its place among the columns, and the conditions under which it applies."""

    name: str
    dimension: Dimension
    first: int
    conditions: tuple[Condition, ...]

    @property
    def last(self) -> int:
        """One past its last column."""
        return self.first + len(self.dimension.columns)


class Space:
    """Hyperparameters to search.

    Parameters
    ----------
    dimensions : dict of str to values, or list of dict or Space
        For each hyperparameter an `Integer`, `Real` or `Choice` (joined by ``|`` if need be), a
        list of values, or a scipy distribution. A list of such spaces: alternatives.
    when : dict of str to dict, default=None
        ``{"degree": {"kernel": "poly"}}``: a hyperparameter applies only where others have the
        given value, or one of a list of values. Elsewhere candidates do not name it.
    constraints : list of callable, default=()
        Functions of a candidate (a dict) that say whether it is allowed.

    Examples
    --------
    >>> from setpoint import Choice, Integer, Real, Space
    >>> space = Space(
    ...     {
    ...         "C": Real(1e-3, 1e3, log=True),
    ...         "kernel": Choice("linear", "rbf", "poly"),
    ...         "degree": Integer(2, 5),
    ...     },
    ...     when={"degree": {"kernel": "poly"}},
    ... )
    >>> space.names
    ['C', 'kernel', 'degree']
    """

    def __init__(
        self,
        dimensions: Mapping[str, Any] | Sequence[Any],
        *,
        when: Mapping[str, Mapping[str, Any]] | None = None,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        self.constraints = tuple(constraints)
        self.columns: list[Column] = []
        self.placed: list[Placed] = []
        self._when = dict(when or {})
        self._is_alternatives = not isinstance(dimensions, Mapping)
        if isinstance(dimensions, Mapping):
            if not dimensions:
                raise ValueError("there is no space to search: it names no hyperparameter")
            self._place(dimensions, when or {})
        else:
            if when:
                raise ValueError("give `when` to each of the alternatives")
            # One of the alternatives may be to leave everything as it is.
            parts = [None if part == {} else Space.of(part) for part in dimensions]
            self._place_alternatives(parts)

    @classmethod
    def of(cls, space: Any) -> Space:
        """The space itself, or the space of dimensions by name, or of alternatives."""
        return space if isinstance(space, Space) else cls(space)

    @property
    def names(self) -> list[str]:
        """The hyperparameters."""
        return list(dict.fromkeys(item.name for item in self.placed))

    def separable(self) -> list[str]:
        """Hyperparameters that depend on no others, nor others on them."""
        if self._is_alternatives or self.constraints:
            return []
        bound = {*self._when, *(parent for parents in self._when.values() for parent in parents)}
        return [name for name in self.names if name not in bound]

    def only(self, names: Sequence[str]) -> Space:
        """The space of some of the hyperparameters, and all that they depend on."""
        dimensions = {item.name: item.dimension for item in self.placed if item.name in names}
        when = {name: parents for name, parents in self._when.items() if name in names}
        return Space(dimensions, when=when, constraints=self.constraints)

    def conditions(self, column: int) -> tuple[Condition, ...]:
        """When a column applies; columns that it depends on come before it."""
        item = next((item for item in self.placed if item.first <= column < item.last), None)
        if item is None:
            return ()
        second = ((item.first, (0.0,)),) if column > item.first else ()
        return (*item.conditions, *second)

    def allows(self, params: Params) -> bool:
        """Whether the constraints hold."""
        return all(constraint(params) for constraint in self.constraints)

    def decode(self, point: Point) -> Params:
        """The candidate at a point: the hyperparameters that apply, as plain values."""
        return {
            item.name: item.dimension.decode(point[item.first : item.last])
            for item in self.placed
            if applies(item.conditions, point)
        }

    def encode(self, params: Mapping[str, Any]) -> Point:
        """The point of a candidate.

        Raises
        ------
        ValueError
            If it is not in the space: some value, or a name too many or too few.
        """
        if not self._is_alternatives:
            return self._encode(params)
        for which in range(self.columns[0].n_categories):
            try:
                return self._encode(params, which)
            except ValueError:
                continue
        raise ValueError(f"{dict(params)} is in none of the alternatives")

    def _encode(self, params: Mapping[str, Any], which: int | None = None) -> Point:
        point = np.full(len(self.columns), INACTIVE)
        if which is not None:
            point[0] = which
        named = set()
        for item in self.placed:
            if not applies(item.conditions, point):
                continue
            if item.name not in params:
                raise ValueError(f"{item.name} is missing from {dict(params)}")
            point[item.first : item.last] = item.dimension.encode(params[item.name])
            named.add(item.name)
        if named != set(params):
            raise ValueError(f"{sorted(set(params) - named)} do not apply in {dict(params)}")
        return point

    def settle(self, point: Point) -> Point:
        """The point with the coordinates of its own candidate: equal candidates, equal points."""
        settled = np.full(len(self.columns), INACTIVE)
        if self._is_alternatives:
            settled[0] = point[0]
        for item in self.placed:
            if applies(item.conditions, settled):
                value = item.dimension.decode(point[item.first : item.last])
                settled[item.first : item.last] = item.dimension.encode(value)
        return settled

    def points(self, most: int) -> list[Point] | None:
        """All allowed points, if there are not more than `most`; else None."""
        if any(column.coordinates is None for column in self.columns):
            return None
        found = list(
            itertools.islice(self._walk(np.full(len(self.columns), INACTIVE), 0), most + 1)
        )
        return None if len(found) > most else found

    def _walk(self, point: Point, column: int) -> Iterator[Point]:
        """All allowed points that continue this one from a column on."""
        if column == len(self.columns):
            if not self.constraints or self.allows(self.decode(point)):
                yield point.copy()
            return
        places: tuple[float, ...] = (INACTIVE,)
        if applies(self.conditions(column), point):
            places = self.columns[column].coordinates or ()
        for place in places:
            point[column] = place
            yield from self._walk(point, column + 1)
        point[column] = INACTIVE

    def _place(self, dimensions: Mapping[str, Any], when: Mapping[str, Mapping[str, Any]]) -> None:
        for name in _parents_first(dimensions, when):
            try:
                made = dimension(dimensions[name])
            except (TypeError, ValueError) as error:
                raise type(error)(f"{name}: {error}") from None
            conditions = tuple(self._condition(*item) for item in when.get(name, {}).items())
            self.placed.append(Placed(name, made, len(self.columns), conditions))
            self.columns.extend(made.columns)

    def _condition(self, parent: str, values: Any) -> Condition:
        item = next(item for item in self.placed if item.name == parent)
        if item.dimension.columns[0].coordinates is None or not isinstance(item.dimension, Listed):
            raise ValueError(f"when: {parent} must have a list of values, or be a Choice")
        several = isinstance(values, list | tuple | set | frozenset)
        allowed = [item.dimension.encode(value)[0] for value in (values if several else [values])]
        return item.first, tuple(allowed)

    def _place_alternatives(self, parts: Sequence[Space | None]) -> None:
        if not any(parts):
            raise ValueError("there is no space to search")
        self.columns.append(Column(n_categories=len(parts)))
        for which, part in enumerate(parts):
            if part is None:
                continue
            offset = len(self.columns)
            if part._is_alternatives:
                raise ValueError("alternatives of alternatives: give one list of spaces")
            for item in part.placed:
                moved = tuple((offset + column, allowed) for column, allowed in item.conditions)
                conditions = ((0, (float(which),)), *moved)
                self.placed.append(replace(item, first=offset + item.first, conditions=conditions))
            self.columns.extend(part.columns)
            if part.constraints:
                raise ValueError("give the constraints to the space of all alternatives")


def applies(conditions: Sequence[Condition], point: Point) -> bool:
    """Whether the conditions hold at a point."""
    return all(point[column] in allowed for column, allowed in conditions)


def _parents_first(
    dimensions: Mapping[str, Any], when: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The names, each after those that its condition reads, otherwise in their order."""
    for name, parents in when.items():
        for known in (name, *parents):
            if known not in dimensions:
                raise ValueError(f"when: {known!r} is not in the space: {list(dimensions)}")
    ordered: list[str] = []
    waiting = list(dimensions)
    while waiting:
        ready = [name for name in waiting if all(p in ordered for p in when.get(name, {}))]
        if not ready:
            raise ValueError(f"when: conditions go in a circle: {waiting}")
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return ordered
