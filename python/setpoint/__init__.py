"""Train machine-learning models and tune their hyperparameters for about the cost of training."""

from setpoint.estimators import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    MLPClassifier,
    MLPRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.network_count import count_parameters
from setpoint.estimators.persistence import load
from setpoint.tuning import GridSearchCV

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "MLPClassifier",
    "MLPRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "count_parameters",
    "export_text",
    "load",
]
