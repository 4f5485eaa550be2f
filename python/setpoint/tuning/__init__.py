"""Searches for good hyperparameters. Adding one: a file here and a line in `TUNERS`."""

from setpoint.tuning.bayesian import BayesSearchCV
from setpoint.tuning.choice import OneStandardError
from setpoint.tuning.function import Optimum, Trial, Tuner, maximize, minimize
from setpoint.tuning.grid import GridSearchCV
from setpoint.tuning.halving import HalvingGridSearchCV, HalvingRandomSearchCV
from setpoint.tuning.journal import JournalError
from setpoint.tuning.nested import Nested
from setpoint.tuning.one_of import OneOf
from setpoint.tuning.race import Race
from setpoint.tuning.random import RandomizedSearchCV
from setpoint.tuning.search import TimeLimitWarning
from setpoint.tuning.space import Space

TUNERS: dict[str, type] = {
    "grid": GridSearchCV,
    "random": RandomizedSearchCV,
    "bayes": BayesSearchCV,
    "halving": HalvingGridSearchCV,
    "halving-random": HalvingRandomSearchCV,
}

__all__ = [
    "TUNERS",
    "BayesSearchCV",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "JournalError",
    "Nested",
    "OneOf",
    "OneStandardError",
    "Optimum",
    "Race",
    "RandomizedSearchCV",
    "Space",
    "TimeLimitWarning",
    "Trial",
    "Tuner",
    "maximize",
    "minimize",
]
