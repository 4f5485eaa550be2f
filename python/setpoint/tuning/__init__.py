"""Searches for good hyperparameters. Adding one: a file here and a line in `TUNERS`."""

from setpoint.tuning.grid import GridSearchCV
from setpoint.tuning.search import TimeLimitWarning
from setpoint.tuning.space import Space

TUNERS: dict[str, type] = {
    "grid": GridSearchCV,
}

__all__ = ["TUNERS", "GridSearchCV", "Space", "TimeLimitWarning"]
