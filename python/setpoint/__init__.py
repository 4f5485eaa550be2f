"""Train machine-learning models and tune their hyperparameters for about the cost of training."""

from setpoint.estimators import (
    SVC,
    SVR,
    ElasticNet,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    Lasso,
    LinearRegression,
    LinearSVC,
    LinearSVR,
    NuSVC,
    NuSVR,
    OneClassSVM,
    RandomForestClassifier,
    RandomForestRegressor,
    Ridge,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.persistence import load
from setpoint.tuning import GridSearchCV

__all__ = [
    "SVC",
    "SVR",
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GridSearchCV",
    "Lasso",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "export_text",
    "load",
]
