"""Searches for good hyperparameters. Adding one: a file here and a line in `TUNERS`."""

from setpoint.tuning.grid import GridSearchCV
from setpoint.tuning.halving import HalvingGridSearchCV, HalvingRandomSearchCV
from setpoint.tuning.random import RandomizedSearchCV
from setpoint.tuning.search import TimeLimitWarning
from setpoint.tuning.space import Space

TUNERS: dict[str, type] = {
    "grid": GridSearchCV,
    "random": RandomizedSearchCV,
    "halving": HalvingGridSearchCV,
    "halving-random": HalvingRandomSearchCV,
}

__all__ = [
    "TUNERS",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
    "Space",
    "TimeLimitWarning",
]
