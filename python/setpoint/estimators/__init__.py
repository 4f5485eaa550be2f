"""Estimators: a file (or a few) for each family, over what ``base`` gives all of them."""

from setpoint.estimators.descent import SGDClassifier, SGDRegressor
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.linear import ElasticNet, Lasso, LinearRegression, Ridge
from setpoint.estimators.logistic import LogisticRegression
from setpoint.estimators.network import MLPClassifier, MLPRegressor

__all__ = [
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "Lasso",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
]
