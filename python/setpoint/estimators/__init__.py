"""Estimators: a file (or a few) for each family, over what ``base`` gives all of them."""

from setpoint.estimators.descent import SGDClassifier, SGDRegressor
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "SGDClassifier",
    "SGDRegressor",
]
