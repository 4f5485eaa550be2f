"""What the contract tests run on: every registered estimator, small data, values to try.

A new family or tuner is picked up from its registry. It needs a line here only if one of its
hyperparameters has a domain whose members cannot be read off (arrays, dicts), a size that makes
the tests slow, or a default at which other hyperparameters do nothing. What a family refuses or
promises (missing values, bits or a tolerance) is read off its estimators. No test lives here.
"""

from __future__ import annotations

import inspect
import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid
from sklearn.utils import get_tags

from setpoint.estimators.epochs import EpochEstimator
from setpoint.estimators.matrix import MatrixEstimator
from setpoint.families import FAMILIES, estimator_classes
from setpoint.hyperparameters import Choice, Flag, Integer, Real
from setpoint.tuning import TUNERS
from setpoint.tuning.halving import HalvingSearchCV

SMALL = {"n_estimators": 10, "hidden_layer_sizes": (10,), "nu": 0.1}
"""Hyperparameters that make a model small, where it has them."""

PRECISE = {"tol": 1e-10, "max_iter": 100_000}
"""Hyperparameters that make a training precise, where models agree within a tolerance."""

_KERNELS = {"tol": 1e-8, "max_iter": -1}
_PAIRS = _KERNELS | {"decision_function_shape": "ovo"}
PRECISE_OF = {
    "SVC": _PAIRS,
    "NuSVC": _PAIRS,
    "SVR": _KERNELS,
    "NuSVR": _KERNELS,
    "LinearSVR": {"loss": "squared_epsilon_insensitive", "dual": True},
}
"""The same where an estimator needs other values."""

LARGE = {"n_estimators": 1_000_000}
"""Hyperparameters that make a training of many short steps long, where it has them."""

ENDLESS = {"max_iter": 1_000_000_000, "n_iter_no_change": 1_000_000_000}
"""Hyperparameters that make a training in epochs long, however few its rows."""

SLOW = {"n_estimators": 100, "max_features": None}
"""Hyperparameters that make a training of few long steps long, where it has them."""

EFFECTIVE = {
    "n_estimators": 65,
    "alpha": 0.01,
    "momentum": 0.9,
    "hidden_layer_sizes": (10,),
    "kernel": "poly",
    "nu": 0.1,
    "step_every": 2,
}
"""Where other hyperparameters act: enough trees to stop early, a penalty that leaves something, a
momentum to look ahead along, a rate that falls before training ends."""

SATISFIED = {"tol": 1e6, "n_iter_no_change": 2}
"""Hyperparameters of a network that is done after a few epochs, without a warning."""

NEAR_A_CONSTANT = {"linear_svm": 0.02, "descent": 0.2, "network": 0.3}
"""How far from a constant target a family may stay: its constant is penalised, or learned by steps
that end early."""

PATIENT = {"tol": 1e-4, "n_iter_no_change": 10, "learning_rate_init": 0.01, "max_iter": 500}
"""Hyperparameters of a network that is trained until it gets no better."""

TREES = ("forest", "extra_trees")
"""Families whose predictions are constant between thresholds."""


@dataclass(frozen=True)
class Kind:
    """An estimator's class and its task: classification, regression, or none without a target."""

    family: str
    task: str
    cls: Any

    def __str__(self) -> str:
        return self.cls.__name__

    @property
    def declared(self):
        """The declarations of its hyperparameters, by name."""
        return self.cls.declarations()

    @property
    def agreement(self) -> float:
        """How far together may be from alone, relative to the size of predictions; 0: no bit."""
        return self.cls._agreement

    @property
    def reads_matrices(self) -> bool:
        """Whether it computes in the type of X, instead of rounding X to float32."""
        return issubclass(self.cls, MatrixEstimator)

    @property
    def precise(self) -> dict[str, float]:
        """Hyperparameters of a training that agrees with others."""
        precise = PRECISE | PRECISE_OF.get(str(self), {})
        return self.only(precise) if self.agreement else {}

    @property
    def long(self) -> dict[str, int]:
        """Hyperparameters of a training of many short steps, if there are any that make it long."""
        return self.only(ENDLESS if issubclass(self.cls, EpochEstimator) else LARGE)

    @property
    def effective(self) -> dict[str, object]:
        """Hyperparameters at which others act."""
        return self.only(EFFECTIVE)

    @property
    def patient(self) -> dict[str, float]:
        """Hyperparameters of a training that is not cut short."""
        return PATIENT if self.family == "network" else {}

    @property
    def seed(self) -> dict[str, int]:
        """A fixed seed, if it draws random numbers."""
        return {"random_state": 0} if "random_state" in self.declared else {}

    def only(self, params):
        """Those of the hyperparameters that it has."""
        return {name: value for name, value in params.items() if name in self.declared}

    def small(self, **params):
        """A small estimator with a fixed seed."""
        short = SATISFIED if self.family == "network" else {}
        return self.cls(**(self.only(SMALL) | short | self.precise | self.seed | params))

    def problem(self, data, **shape):
        """X and y of `data` for this task, without missing values where they are refused."""
        X, y = data(self.task, **shape)
        if not get_tags(self.cls()).input_tags.allow_nan:
            X = np.nan_to_num(X, nan=3.0)
        return X, y

    def assert_agree(self, got, expected):
        """As equal as the family promises."""
        if self.agreement == 0.0:
            np.testing.assert_array_equal(got, expected)
        else:
            size = np.max(np.abs(expected), initial=0.0)
            np.testing.assert_allclose(got, expected, rtol=0.0, atol=self.agreement * size)


def _registered():
    """All estimators of the registry; those without a target are a family of their own."""
    of_families = {
        estimator: Kind(family.name, task, estimator)
        for family in FAMILIES.values()
        for task, estimator in family.estimators.items()
    }
    for estimator in estimator_classes().values():
        yield of_families.get(estimator) or Kind(estimator._family, "none", estimator)


# SETPOINT_FAMILIES=ridge,lasso: only these, for a core that was compiled without the others.
CHOSEN = os.environ.get("SETPOINT_FAMILIES")

ESTIMATORS = [kind for kind in _registered() if CHOSEN is None or kind.family in CHOSEN.split(",")]
KINDS = [kind for kind in ESTIMATORS if kind.task != "none"]
"""Those with a target, which searches take."""

every_estimator = pytest.mark.parametrize("kind", ESTIMATORS, ids=str)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_classifier = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.task == "classification"], ids=str
)
every_tree = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.family in TREES], ids=str
)
DRAWS = 8
"""Candidates of the searches that draw them, unless the space holds fewer."""


@dataclass(frozen=True)
class Searcher:
    """A registered search, called as a grid search is: with lists of values to try."""

    name: str
    cls: Any

    def __str__(self) -> str:
        return self.name

    @property
    def sees_all_rows(self) -> bool:
        """Whether its folds are those of its `cv`."""
        return not issubclass(self.cls, HalvingSearchCV)

    def __call__(self, estimator, grid, **settings):
        known = inspect.signature(self.cls).parameters
        is_listed = all(isinstance(values, list) for values in grid.values())
        n = min(DRAWS, len(ParameterGrid(grid))) if is_listed else DRAWS
        own = {"random_state": 0, "n_iter": n, "n_candidates": n}
        own = {name: value for name, value in own.items() if name in known}
        return self.cls(estimator, grid, **(own | settings))


SEARCHERS = [Searcher(name, cls) for name, cls in TUNERS.items()]
every_tuner = pytest.mark.parametrize("tuner", SEARCHERS, ids=str)


def _target(task, signal):
    """Unbalanced classes, or positive numbers that Poisson's criterion takes as well, or None."""
    if task == "none":
        return None
    if task == "regression":
        return np.exp(signal / 2)
    return np.searchsorted(np.quantile(signal, [0.6, 0.85]), signal)


def continuous(task, n=150, d=6, seed=0):
    """Distinct values everywhere."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    signal = X[:, 0] + X[:, 1] * X[:, 2] - X[:, 3] + 0.7 * rng.normal(size=n)
    return X, _target(task, signal)


def mixed(task, n=150, d=6, seed=1):
    """Whole numbers with ties, categories' codes in the last column, missing values."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 7, (n, d)).astype(np.float32)
    signal = X[:, 0] - np.abs(X[:, 1] - 3) + 2 * np.isin(X[:, -1], [1, 4]) + rng.normal(size=n)
    X[rng.random((n, d)) < 0.1] = np.nan
    return X, _target(task, signal)


DATA = {"continuous": continuous, "mixed": mixed}
every_data = pytest.mark.parametrize("data", DATA.values(), ids=list(DATA))

FURTHER = {
    "monotonic_cst": [[1, 0, 0, 0, 0, 0], [-1, 1, 0, 0, 1, 0]],
    "categorical_features": [[5], [0, 5]],
    "class_weight": [{0: 1.0, 1: 20.0, 2: 1.0}, {0: 1.0, 1: 20.0}],
}
"""Values of hyperparameters whose domains do not list or bound their members."""


def _inside(part):
    if isinstance(part, Choice):
        return part.names
    if isinstance(part, Flag):
        return (False, True)
    if isinstance(part, Integer):
        low = 0 if part.low is None else int(part.low)
        return [n for n in (low, low + 1, low + 3, low + 10) if n in part]
    if isinstance(part, Real):
        low = part.low or 0.0
        high = low + 1.0 if part.high is None else part.high
        return [low + share * (high - low) for share in (0.005, 0.02, 0.1, 0.3, 0.7)]
    return ()


def legal_values(item):
    """Values of a declared hyperparameter other than its default."""
    values = [value for part in item.domain.parts for value in _inside(part)]
    values += FURTHER.get(item.name, [])
    values += item.search.grid if item.search else ()
    return [value for value in values if value in item.domain and value != item.default]


def predictions(model, X):
    """All that a model says of these rows: probabilities; decision values and classes; numbers."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    if hasattr(model, "decision_function") and not hasattr(model, "classes_"):
        return np.column_stack([model.decision_function(X), model.predict(X)])
    if hasattr(model, "decision_function"):
        codes = np.searchsorted(model.classes_, model.predict(X))
        return np.column_stack([model.decision_function(X), codes])
    return model.predict(X)


def fitted(model, X, y):
    """The model, fitted without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)
