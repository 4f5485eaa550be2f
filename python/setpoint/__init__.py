"""Train machine-learning models and tune their hyperparameters for about the cost of training.

A public name is imported when it is first used, so that `setpoint --help` need not load all of
scikit-learn. What type checkers see is in ``__init__.pyi``.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "estimators": (
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
    ),
    "estimators.export": ("export_text",),
    "estimators.network_count": ("count_parameters",),
    "estimators.persistence": ("load", "save"),
    "hyperparameters": ("NONE", "Choice", "Integer", "Real"),
    "tuning": (
        "BayesSearchCV",
        "GridSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "OneOf",
        "OneStandardError",
        "Race",
        "RandomizedSearchCV",
        "Space",
        "Tuner",
        "maximize",
        "minimize",
    ),
}
_MODULES = ("datasets", "estimators", "families", "hyperparameters", "parameters", "tuning")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)
_HOME_OF["__version__"] = "_core"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_MODULES, *_HOME_OF]
