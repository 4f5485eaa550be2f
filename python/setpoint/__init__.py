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
from setpoint.tuning import (
    BayesSearchCV,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    Space,
    Tuner,
    maximize,
    minimize,
)

__all__ = [
    "NONE",
    "BayesSearchCV",
    "Choice",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "Integer",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "RandomizedSearchCV",
    "Real",
    "Space",
    "Tuner",
    "export_text",
    "load",
    "maximize",
    "minimize",
]
