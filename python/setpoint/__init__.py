"""Train machine-learning models and tune their hyperparameters for about the cost of training."""

from setpoint.estimators import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.persistence import load
from setpoint.hyperparameters import NONE, Choice, Integer, Real
from setpoint.tuning import GridSearchCV, Space

__all__ = [
    "NONE",
    "Choice",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "Integer",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Real",
    "Space",
    "export_text",
    "load",
]
