"""The registry of families: one line each. Command line, contract tests and benchmarks read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from setpoint.estimators.base import SweepEstimator
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

__all__ = ["FAMILIES", "Family", "estimator_classes"]

Task = Literal["classification", "regression"]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models.

    Attributes
    ----------
    name : str
        As on the command line.
    meaning : str
        One line.
    classifier, regressor : type
        Its estimators.
    """

    name: str
    meaning: str
    classifier: type[SweepEstimator]
    regressor: type[SweepEstimator]

    def estimator(self, task: Task) -> type[SweepEstimator]:
        """The estimator's class for a task."""
        return self.classifier if task == "classification" else self.regressor

    def default_grid(self, task: Task) -> dict[str, list[Any]]:
        """The grid that is searched unless told otherwise: the declarations' values."""
        return {
            name: list(item.search.grid)
            for name, item in self.estimator(task).declarations().items()
            if item.search is not None and item.search.grid
        }


_ALL = (
    Family("forest", "random forests", RandomForestClassifier, RandomForestRegressor),
    Family("extra_trees", "extremely random trees", ExtraTreesClassifier, ExtraTreesRegressor),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})
"""All families by name."""


def estimator_classes() -> dict[str, type[SweepEstimator]]:
    """The estimators of all families, by the name of their class."""
    both = [kind for family in _ALL for kind in (family.classifier, family.regressor)]
    return {kind.__name__: kind for kind in both}
