"""Hyperparameters as data: what is set before training starts.

``domain``: sets of legal values. ``declaration``: one hyperparameter and the constructors made of
them. ``view``: the hyperparameters of one model, as a table. What a model *learns* is in
``setpoint.parameters``.
"""

from setpoint.hyperparameters.declaration import (
    Cost,
    Declared,
    Hyperparameter,
    InvalidHyperparameterError,
    Search,
    hyperparameter,
    variation,
)
from setpoint.hyperparameters.domain import (
    NONE,
    Amount,
    ArrayLike,
    Callback,
    Choice,
    Domain,
    Flag,
    Fraction,
    Instance,
    Integer,
    Real,
    Seed,
)
from setpoint.hyperparameters.view import Hyperparameters

__all__ = [
    "NONE",
    "Amount",
    "ArrayLike",
    "Callback",
    "Choice",
    "Cost",
    "Declared",
    "Domain",
    "Flag",
    "Fraction",
    "Hyperparameter",
    "Hyperparameters",
    "Instance",
    "Integer",
    "InvalidHyperparameterError",
    "Real",
    "Search",
    "Seed",
    "hyperparameter",
    "variation",
]
