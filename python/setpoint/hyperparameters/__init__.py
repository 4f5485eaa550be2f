"""Hyperparameters as data: what is set before training starts.

``domain`` and ``numeric``: sets of legal values. ``values``: when two values are one.
``declaration``: one hyperparameter. ``declared``: classes whose constructors are made of
declarations. ``view``: the hyperparameters of one model, as a table. What a model *learns* is in
``setpoint.parameters``.
"""

from setpoint.hyperparameters.declaration import (
    Cost,
    Hyperparameter,
    InvalidHyperparameterError,
    Search,
    hyperparameter,
)
from setpoint.hyperparameters.declared import Declared, variation
from setpoint.hyperparameters.domain import (
    NONE,
    ArrayLike,
    Callback,
    Choice,
    Domain,
    Flag,
    Instance,
)
from setpoint.hyperparameters.numeric import Amount, Fraction, Integer, Real, Seed
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
