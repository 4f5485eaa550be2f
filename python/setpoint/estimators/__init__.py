"""Estimators: a file (or a few) for each family, over what ``base`` gives all of them."""

from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.network import MLPClassifier, MLPRegressor

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
]
