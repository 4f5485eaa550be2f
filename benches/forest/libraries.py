"""The libraries compared, each as one adapter: make a forest for a problem, fit it, predict with
it.

All of them get the same float32 arrays, the same number of trees, the same share of columns
tried at a split, trees grown until the leaves are pure, and two threads. Where a library needs
help to be at its best, it has it:

scikit-learn-intelex
    ``sklearnex.ensemble`` is called directly (not by patching), with its default of 256 bins,
    its fastest setting. A fit that fell back to scikit-learn is an error here, never a figure.
    It has no way with missing values: sets that hold some are left out.
LightGBM
    ``boosting_type="rf"`` with the settings that make it a random forest: rows without
    replacement at the rate at which a bootstrap keeps distinct rows (0.632), columns drawn at
    every node, leaves of one row, no regularisation. ``num_leaves`` is above what its trees
    reach on these problems, and no higher, because it pays for leaves that it does not use. It
    grows a tree for each class, so several classes cost it more. Its threads wait spinning: on
    a machine with other work its times explode, so run these on a quiet one.
ydf
    No depth limit, leaves of one row, no out-of-bag evaluation (it is on by default and costs
    time), probabilities averaged as the others do rather than votes counted.
setpoint
    The default (exact splits) and ``max_bins=255``.

A library that is not installed is left out. Nothing is timed here.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forest.problems import Problem
from measure import THREADS


class Model(Protocol):
    """What the benchmarks ask of a library."""

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> object:
        """Learn from the rows."""

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Class codes or numbers."""


@dataclass(frozen=True)
class Library:
    """A name for the tables, the module it needs, and its adapter."""

    name: str
    module: str
    make: Callable[[Problem, int], Model]
    takes_missing: bool = True

    @property
    def installed(self) -> bool:
        """Whether the module can be imported."""
        return importlib.util.find_spec(self.module) is not None


def _arguments(problem: Problem, seed: int) -> dict[str, Any]:
    """The hyperparameters, under the names that scikit-learn, sklearnex and setpoint share."""
    return {
        "n_estimators": problem.n_estimators,
        "max_features": problem.max_features,
        "n_jobs": THREADS,
        "random_state": seed,
    }


def _setpoint(problem: Problem, seed: int) -> Model:
    from setpoint import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestRegressor if problem.task == "regression" else RandomForestClassifier
    model: Model = forest(**_arguments(problem, seed))
    return model


def _setpoint_binned(problem: Problem, seed: int) -> Model:
    model = _setpoint(problem, seed)
    model.set_params(max_bins=255)  # type: ignore[attr-defined]
    return model


def _scikit_learn(problem: Problem, seed: int) -> Model:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestRegressor if problem.task == "regression" else RandomForestClassifier
    return forest(**_arguments(problem, seed))  # type: ignore[no-any-return]


class _Intelex:
    """A sklearnex forest that refuses to be scikit-learn in disguise."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from sklearnex.ensemble import RandomForestClassifier, RandomForestRegressor

        forest = RandomForestRegressor if problem.task == "regression" else RandomForestClassifier
        self.model = forest(**_arguments(problem, seed))

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> object:
        self.model.fit(X, y)
        if not hasattr(self.model, "_onedal_estimator"):
            raise RuntimeError("scikit-learn-intelex fell back to scikit-learn")
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        return np.asarray(self.model.predict(X))


def _columns(problem: Problem, d: int) -> float:
    """The share of the ``d`` columns that is tried at a node."""
    return int(d**0.5) / d if problem.max_features == "sqrt" else float(problem.max_features)


class _LightGBM:
    """LightGBM's scikit-learn interface, told to be a random forest."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> object:
        from lightgbm import LGBMClassifier, LGBMRegressor

        regression = self.problem.task == "regression"
        forest = LGBMRegressor if regression else LGBMClassifier
        self.model = forest(
            boosting_type="rf",
            n_estimators=self.problem.n_estimators,
            num_leaves=min(131_072, int(0.64 * len(X)) if regression else 32 + len(X) // 8),
            min_child_samples=1,
            min_child_weight=0.0,
            min_split_gain=0.0,
            subsample=0.632,
            subsample_freq=1,
            feature_fraction_bynode=_columns(self.problem, X.shape[1]),
            histogram_pool_size=4096,
            n_jobs=THREADS,
            random_state=self.seed,
            verbosity=-1,
        )
        self.model.fit(X, y)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        return np.asarray(self.model.predict(X))


class _YDF:
    """ydf's learner on a dict of one two-dimensional column."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> object:
        import ydf

        ydf.verbose(0)
        regression = self.problem.task == "regression"
        self.model = ydf.RandomForestLearner(
            label="y",
            task=ydf.Task.REGRESSION if regression else ydf.Task.CLASSIFICATION,
            num_trees=self.problem.n_estimators,
            max_depth=-1,
            min_examples=1,
            num_candidate_attributes_ratio=_columns(self.problem, X.shape[1]),
            winner_take_all=False,
            compute_oob_performances=False,
            num_threads=THREADS,
            random_seed=self.seed,
        ).train({"X": X, "y": y})
        self.classes = (
            None if regression else np.asarray(self.model.label_classes()).astype(y.dtype)
        )
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        values = self.model.predict({"X": X}, num_threads=THREADS)
        if self.classes is None:
            return np.asarray(values)
        codes = values.argmax(axis=1) if values.ndim == 2 else (values > 0.5).astype(np.intp)
        return np.asarray(self.classes[codes])


LIBRARIES = (
    Library("setpoint", "setpoint", _setpoint),
    Library("setpoint, 255 bins", "setpoint", _setpoint_binned),
    Library("scikit-learn", "sklearn", _scikit_learn),
    Library("scikit-learn-intelex", "sklearnex", _Intelex, takes_missing=False),
    Library("LightGBM rf", "lightgbm", _LightGBM),
    Library("ydf", "ydf", _YDF),
)


def installed() -> dict[str, Library]:
    """The libraries that can be imported, by name."""
    logging.getLogger("sklearnex").setLevel(logging.ERROR)
    return {library.name: library for library in LIBRARIES if library.installed}
