"""Estimators: a file (or a few) for each family, over what ``base`` gives all of them."""

from setpoint.estimators.descent import SGDClassifier, SGDRegressor
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.network import MLPClassifier, MLPRegressor
from setpoint.estimators.linear import ElasticNet, Lasso, LinearRegression, Ridge
from setpoint.estimators.logistic import LogisticRegression

__all__ = [
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "Lasso",
    "LinearRegression",
    "LogisticRegression",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
]
