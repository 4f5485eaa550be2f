"""Train machine-learning models and tune their hyperparameters for about the cost of training."""

from setpoint.estimators import (
    SVC,
    SVR,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    LinearSVC,
    LinearSVR,
    NuSVC,
    NuSVR,
    OneClassSVM,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.persistence import load
from setpoint.tuning import GridSearchCV

__all__ = [
    "SVC",
    "SVR",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "LinearSVC",
    "LinearSVR",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "export_text",
    "load",
]
