"""Estimators: a file (or a few) for each family, over what ``base`` gives all of them."""

from setpoint.estimators.descent import SGDClassifier, SGDRegressor
from setpoint.estimators.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from setpoint.estimators.linear import ElasticNet, Lasso, LinearRegression, Ridge
from setpoint.estimators.linear_svm import LinearSVC, LinearSVR
from setpoint.estimators.logistic import LogisticRegression
from setpoint.estimators.network import MLPClassifier, MLPRegressor
from setpoint.estimators.nu_svm import NuSVC, NuSVR, OneClassSVM
from setpoint.estimators.svm import SVC, SVR

__all__ = [
    "SVC",
    "SVR",
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
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
]
