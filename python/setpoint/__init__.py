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
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    NuSVC,
    NuSVR,
    OneClassSVM,
    RandomForestClassifier,
    RandomForestRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from setpoint.estimators.export import export_text
from setpoint.estimators.network_count import count_parameters
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
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
    "count_parameters",
    "export_text",
    "load",
]
