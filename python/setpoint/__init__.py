"""Train machine-learning models and tune their hyperparameters for about the cost of training."""

from setpoint.estimators import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    SGDClassifier,
    SGDRegressor,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.persistence import load
from setpoint.tuning import GridSearchCV

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "SGDClassifier",
    "SGDRegressor",
    "export_text",
    "load",
]
