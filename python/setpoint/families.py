"""The registry of families: one line each. Command line, contract tests and benchmarks read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from setpoint.estimators.base import SweepEstimator
from setpoint.estimators.descent import SGDClassifier, SGDRegressor
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.linear import ElasticNet, Lasso, LinearRegression, Ridge
from setpoint.estimators.linear_svm import LinearSVC, LinearSVR
from setpoint.estimators.logistic import LogisticRegression
from setpoint.estimators.network import MLPClassifier, MLPRegressor
from setpoint.estimators.nu_svm import NuSVC, NuSVR, OneClassSVM
from setpoint.estimators.svm import SVC, SVR

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
    classifier, regressor : type or None
        Its estimators; None where it has none for the task.
    scaled : bool
        Whether columns should be on one scale: the command line standardises them then.
    """

    name: str
    meaning: str
    classifier: type[SweepEstimator] | None
    regressor: type[SweepEstimator] | None
    scaled: bool = False

    @property
    def estimators(self) -> dict[Task, type[SweepEstimator]]:
        """The estimators' classes by task."""
        both: dict[Task, type[SweepEstimator] | None] = {
            "classification": self.classifier,
            "regression": self.regressor,
        }
        return {task: kind for task, kind in both.items() if kind is not None}

    def estimator(self, task: Task) -> type[SweepEstimator]:
        """The estimator's class for a task; `ValueError` if the family has none."""
        kind = self.estimators.get(task)
        if kind is None:
            others = ", ".join(name for name, other in FAMILIES.items() if task in other.estimators)
            raise ValueError(f"{self.name} is not for {task}; these are: {others}")
        return kind

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
    Family("linear", "ordinary least squares", None, LinearRegression),
    Family("ridge", "least squares with a squared penalty", None, Ridge, scaled=True),
    Family("lasso", "least squares with an absolute penalty", None, Lasso, scaled=True),
    Family("elastic_net", "least squares with both penalties", None, ElasticNet, scaled=True),
    Family("logistic", "logistic regression", LogisticRegression, None, scaled=True),
    Family(
        "descent", "linear models by gradient descent", SGDClassifier, SGDRegressor, scaled=True
    ),
    Family("network", "fully connected networks", MLPClassifier, MLPRegressor, scaled=True),
    Family("svm", "support vector machines", SVC, SVR, scaled=True),
    Family("linear_svm", "linear support vector machines", LinearSVC, LinearSVR, scaled=True),
    Family("nu_svm", "support vector machines with nu", NuSVC, NuSVR, scaled=True),
)

_WITHOUT_TARGET = (OneClassSVM,)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})
"""All families by name."""


def estimator_classes() -> dict[str, type[SweepEstimator]]:
    """The estimators of all families, by the name of their class."""
    kinds = [kind for family in _ALL for kind in family.estimators.values()]
    return {kind.__name__: kind for kind in (*kinds, *_WITHOUT_TARGET)}
