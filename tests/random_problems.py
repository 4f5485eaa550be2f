"""Random data, folds and settings of every family, as hypothesis strategies. No test lives here.

hypothesis draws the shape of a problem (what can shrink: rows, columns, ties, missing cells, ...)
and a seed; the cells come from NumPy's generator of that seed. What a family refuses (missing
values, categories, several targets) is read off its estimators; the values of its hyperparameters
are in `VALUES`, one line for each family.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.utils import get_tags

import setpoint
from contracts.cases import KINDS


@dataclass
class Problem:
    """Rows to learn from, and what a forest has to know of them."""

    estimator: str
    X: Any = field(repr=False)
    y: Any = field(repr=False)
    sample_weight: Any = field(repr=False)
    folds: list = field(repr=False)
    categorical: list[int]
    about: dict[str, Any]

    @property
    def kind(self):
        """The contract tests' view of the estimator."""
        return BY_NAME[self.estimator]

    def make(self, **params):
        """The estimator, told of the categorical columns."""
        told = self.kind.only({"categorical_features": self.categorical or None})
        return getattr(setpoint, self.estimator)(**told, **params)

    def assert_agree(self, got, expected):
        """As equal as the family promises, for numbers relative to how far they are apart."""
        if self.kind.agreement == 0.0:
            np.testing.assert_array_equal(got, expected)
            return
        size = max(1.0, np.max(np.abs(expected), initial=0.0))
        if not self.about["n_classes"]:
            size = np.ptp(self.y) + 1e-6 * np.max(np.abs(self.y))
        np.testing.assert_allclose(got, expected, rtol=0.0, atol=self.kind.agreement * size)


BY_NAME = {str(kind): kind for kind in KINDS}


def _columns(rng, n, d, distinct, missing):
    X = rng.normal(size=(n, d))
    if distinct:
        X = np.round(X * distinct) / distinct
    X[rng.random((n, d)) < missing] = np.nan
    return X


def _weights(rng, n, kind):
    if kind is None:
        return None
    weight = rng.integers(0, 4, n).astype(float) if kind == "counts" else rng.random(n)
    weight[: n // 3] += 0.5  # never all zero, in no fold
    return rng.permutation(weight)


def _targets(rng, X, about):
    """Depends on X, with noise; every class occurs; counts where Poisson's criterion may ask."""
    n, outputs = len(X), about["n_outputs"]
    signal = np.nan_to_num(X) @ rng.normal(size=(X.shape[1], outputs))
    signal += about["noise"] * rng.normal(size=(n, outputs))
    if about["n_classes"]:
        ranks = signal.argsort(axis=0).argsort(axis=0)
        y = ranks * about["n_classes"] // n
    else:
        y = np.abs(signal) + 0.01 if about["positive"] else signal
        y = np.round(y, 1) + about["offset"] if about["ties_in_y"] else y + about["offset"]
    return y[:, 0] if outputs == 1 else y


def _folds(rng, n, count):
    """Disjoint rows to learn from and to hold out, in any order, not necessarily all of them."""
    folds = []
    for _ in range(count):
        rows = rng.permutation(n)
        cut = rng.integers(n // 2, n - 2)
        train, test = rows[:cut], rows[cut:]
        folds.append((np.sort(train) if rng.random() < 0.5 else train, test))
    return folds


@st.composite
def problems(draw):
    """A problem of 12 to 80 rows, or of so many that the kernels for large nodes are taken."""
    estimator = draw(st.sampled_from(ESTIMATORS))
    kind = BY_NAME[estimator]
    tags = get_tags(kind.cls())
    classifier = kind.task == "classification"
    n = draw(st.one_of(st.integers(12, 80), st.integers(12, 80), st.sampled_from([400, 4000])))
    d = draw(st.integers(1, 6))
    about = {
        "n": n,
        "d": d,
        "seed": draw(st.integers(0, 2**32 - 1)),
        "n_outputs": draw(st.sampled_from([1, 1, 1, 2] if tags.target_tags.multi_output else [1])),
        "n_classes": draw(st.integers(2, 4)) if classifier else 0,
        "distinct": draw(st.sampled_from([0, 1, 4])),
        "missing": draw(st.sampled_from([0.0, 0.0, 0.2] if tags.input_tags.allow_nan else [0.0])),
        "dtype": draw(
            st.sampled_from(["float32", "float64"] if kind.reads_matrices else ["float64"])
        ),
        "sparse": kind.reads_matrices and draw(st.booleans()),
        "weights": draw(st.sampled_from([None, "counts", "any"])),
        "noise": draw(st.sampled_from([0.0, 1.0, 10.0])),
        "positive": draw(st.booleans()),
        "ties_in_y": draw(st.booleans()),
        "offset": 0.0,
        "n_folds": draw(st.integers(1, 3)),
    }
    if not (classifier or about["positive"]):
        about["offset"] = draw(st.sampled_from([0.0, 1e6]))
    rng = np.random.default_rng(about["seed"])
    X = _columns(rng, n, d, about["distinct"], about["missing"])
    y = _targets(rng, X, about)
    most = 2 if tags.input_tags.categorical else 0
    categorical = draw(st.lists(st.integers(0, d - 1), max_size=most, unique=True))
    n_categories = draw(st.sampled_from([2, 5, 20]))
    for j in categorical:
        present = ~np.isnan(X[:, j])
        X[present, j] = rng.integers(0, n_categories, present.sum())
    weight = _weights(rng, n, about["weights"])
    folds = _folds(rng, n, about["n_folds"])
    X = X.astype(about["dtype"])
    if about["sparse"]:
        X = csr_array(np.where(rng.random((n, d)) < 0.5, X, 0.0).astype(about["dtype"]))
    return Problem(estimator, X, y, weight, folds, sorted(categorical), about)


def _forest(problem):
    about, d = problem.about, problem.X.shape[1]
    single = about["n_outputs"] == 1
    values = {
        "n_estimators": [1, 2, 3, 7],
        "max_depth": [None, 1, 2, 3, 6],
        "min_samples_split": [2, 3, 5, 20, 0.1, 0.5],
        "min_samples_leaf": [1, 2, 4, 0.05],
        "min_weight_fraction_leaf": [0.0, 0.05, 0.3],
        "max_features": ["sqrt", "log2", None, 1, d, 0.5, 1.0],
        "max_leaf_nodes": [None, 2, 3, 5, 10],
        "min_impurity_decrease": [0.0, 1e-9, 0.01, 0.05, 1.0],
        "bootstrap": [True, False],
        "random_state": [0, 7, 2**32 - 1],
        "ccp_alpha": [0.0, 1e-9, 0.005, 0.02, 0.3],
        "max_samples": [None, 3, 0.3, 0.8, 1.5],
        "monotonic_cst": [None],
        "max_bins": [None, 2, 5, 255],
    }
    if about["n_classes"]:
        values["criterion"] = ["gini", "entropy", "log_loss"]
        weights = dict.fromkeys(range(about["n_classes"]), 1.0) | {0: 2.5, 1: 0.5}
        weights = weights if single else [weights] * about["n_outputs"]
        values["class_weight"] = [None, "balanced", "balanced_subsample", weights]
    else:
        values["criterion"] = ["squared_error", "absolute_error"]
        if about["positive"]:
            values["criterion"].append("poisson")
    return values


def _linear(problem):
    return {
        "fit_intercept": [True, False],
        "positive": [False, True],
        "tol": [1e-10, 1e-6],
    }


def _ridge(problem):
    alphas = [0.0, 1e-6, 0.01, 0.5, 1.0, 30.0, 1e4]
    if (k := problem.about["n_outputs"]) > 1:
        alphas.append([0.1, 10.0][:k])
    return _linear(problem) | {"alpha": alphas, "max_iter": [100_000], "tol": [1e-10, 1e-12]}


def _lasso(problem):
    return _ridge(problem) | {"alpha": [0.0, 1e-3, 0.01, 0.02, 0.1, 0.5, 1.0, 10.0]}


def _elastic_net(problem):
    return _lasso(problem) | {"l1_ratio": [0.0, 0.1, 0.5, 0.9, 1.0]}


def _logistic(problem):
    weights = dict.fromkeys(range(problem.about["n_classes"]), 1.0) | {0: 2.5, 1: 0.5}
    values = {
        "penalty": ["deprecated"],
        "C": [1e-4, 0.01, 0.3, 1.0, 50.0, math.inf],
        "l1_ratio": [0.0, 0.2, 1.0],
        "tol": [1e-2, 1e-4, 1e-8],
        "fit_intercept": [True, False],
        "intercept_scaling": [1.0, 3.0],
        "class_weight": [None, "balanced", weights],
        "solver": ["lbfgs", "saga"],
        "max_iter": [0, 1, 100],
    }
    if problem.about["n_classes"] == 2:
        values["solver"].append("liblinear")
    return values


def _descent(problem):
    about = problem.about
    values = {
        "loss": ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"],
        "penalty": ["l2", "l1", "elasticnet", None],
        "alpha": [1e-4, 0.01, 1.0],
        "l1_ratio": [0.0, 0.15, 1.0],
        "fit_intercept": [True, False],
        "max_iter": [1, 2, 5, 12],
        "tol": [None, 1e-3, 1.0],
        "shuffle": [True, False],
        "epsilon": [0.0, 0.1, 1.0],
        "random_state": [0, 7, 2**32 - 1],
        "learning_rate": ["constant", "optimal", "invscaling", "adaptive", "cosine", "step"],
        "eta0": [1e-3, 0.01, 0.1, 10.0],
        "power_t": [0.1, 0.5, 1.0],
        "warmup_epochs": [0, 1, 3],
        "step_every": [1, 2],
        "step_factor": [0.1, 0.5, 1.0],
        "batch_size": [1, 2, 7, 32, 10_000],
        "optimizer": ["sgd", "adam", "adamw"],
        "momentum": [0.0, 0.5, 0.9],
        "nesterovs_momentum": [False, True],
        "beta_1": [0.0, 0.9],
        "beta_2": [0.5, 0.999],
        "adam_epsilon": [1e-8, 1e-3],
        "weight_decay": [0.0, 0.1],
        "clip_norm": [None, 0.1, 10.0],
        "early_stopping": [False, True],
        "validation_fraction": [0.1, 0.5],
        "n_iter_no_change": [1, 3],
        "average": [False, True, 20],
    }
    if about["n_classes"]:
        values["loss"] += ["hinge", "log_loss", "squared_hinge", "perceptron", "modified_huber"]
        weights = dict.fromkeys(range(about["n_classes"]), 1.0) | {0: 2.5, 1: 0.5}
        values["class_weight"] = [None, "balanced", weights]
    return values


def _network(problem):
    about = problem.about
    values = {
        "hidden_layer_sizes": [(), 1, (5,), (16, 3), (7, 7, 7)],
        "activation": ["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu"],
        "solver": ["adam", "adamw", "rmsprop", "sgd", "lbfgs"],
        "alpha": [0.0, 1e-4, 1.0],
        "batch_size": ["auto", 1, 7, 64],
        "learning_rate": ["constant", "invscaling", "adaptive", "cosine", "step", "one_cycle"],
        "learning_rate_init": [1e-3, 0.02],
        "max_iter": [1, 2, 3, 6],
        "shuffle": [True, False],
        "random_state": [0, 7, 2**32 - 1],
        "tol": [0.0, 1e-4, 10.0],
        "momentum": [0.0, 0.5, 0.9],
        "nesterovs_momentum": [True, False],
        "early_stopping": [False, True],
        "validation_fraction": [0.2, 0.4],
        "n_iter_no_change": [1, 10],
        "dropout": [0.0, 0.3],
        "batch_norm": [False, True],
        "init": ["glorot", "he", "orthogonal"],
        "clip_norm": [None, 0.1],
        "warmup_epochs": [0, 2],
        "keep": ["auto", "last", "best"],
        "beta_1": [0.9, 0.5],
        "beta_2": [0.999, 0.9],
        "epsilon": [1e-8, 1e-3],
        "weight_decay": [0.01, 0.5],
        "power_t": [0.5, 0.1],
        "step_every": [1, 2],
        "step_factor": [0.1, 0.5],
        "max_fun": [15000, 3],
        "dtype": ["float32", "float64"],
    }
    if about["n_classes"]:
        weights = dict.fromkeys(range(about["n_classes"]), 1.0) | {0: 2.5, 1: 0.5}
        values["class_weight"] = [None, "balanced", weights]
    else:
        values["loss"] = ["squared_error", "huber"] + ["poisson"] * about["positive"]
        values["huber_delta"] = [1.0, 0.1]
        values["clip_norm"] = [0.1, 1.0]  # targets of 1e6 are far
    return values


def _kernels(problem):
    values = {
        "kernel": ["linear", "poly", "rbf", "sigmoid"],
        "degree": [2, 3],
        "gamma": ["scale", "auto", 0.01, 0.5, 3.0],
        "coef0": [0.0, 0.5],
        "tol": [1e-8],
        "max_iter": [-1],
    }
    if n_classes := problem.about["n_classes"]:
        values |= {
            "class_weight": [None, "balanced", dict.fromkeys(range(n_classes), 1.5) | {0: 0.5}],
            "probability": [False],
            "break_ties": [False, True],
            "decision_function_shape": ["ovo"],  # the core's predictions
        }
    return values


def _svm(problem):
    own = {} if problem.about["n_classes"] else {"epsilon": [0.0, 0.05, 0.3]}
    return _kernels(problem) | own | {"C": [0.01, 0.1, 0.5, 1.0, 5.0, 20.0]}


def _nu_svm(problem):
    own = {} if problem.about["n_classes"] else {"C": [0.1, 1.0, 5.0]}
    return _kernels(problem) | own | {"nu": [0.05, 0.1, 0.2]}


def _linear_svm(problem):
    """By Newton's method: precise where coordinates of the dual would take long."""
    values = {
        "C": [1e-3, 0.01, 0.1, 0.5, 1.0, 5.0, 20.0],
        "tol": [1e-10],
        "fit_intercept": [True, False],
        "intercept_scaling": [1.0, 3.0],
        "max_iter": [200_000],
    }
    if n_classes := problem.about["n_classes"]:
        return values | {
            "loss": ["squared_hinge"],
            "dual": [False],
            "penalty": ["l2"],
            "multi_class": ["ovr"],
            "class_weight": [None, "balanced", dict.fromkeys(range(n_classes), 1.5) | {0: 0.5}],
        }
    return values | {
        "loss": ["squared_epsilon_insensitive"],
        "epsilon": [0.0, 0.05, 0.3],
        "random_state": [0],
    }


VALUES = {
    "svm": _svm,
    "nu_svm": _nu_svm,
    "linear_svm": _linear_svm,
    "forest": _forest,
    "extra_trees": _forest,
    "linear": _linear,
    "ridge": _ridge,
    "lasso": _lasso,
    "elastic_net": _elastic_net,
    "logistic": _logistic,
    "descent": _descent,
    "network": _network,
}
"""By family: values to draw from, for each hyperparameter that shapes the model.

Functions of the problem: some values are legal for some data only. Where models agree within a
tolerance, the values are of trainings to high precision.
"""

# The scores of NuSVC are divided by a margin that comes near 0 on random labels: then no tolerance
# of its solution is one of its scores.
ESTIMATORS = tuple(str(kind) for kind in KINDS if kind.family in VALUES and str(kind) != "NuSVC")


MONOTONIC = [-1, 1, 0, 1, -1, 0]


def _legal(problem, params):
    """Combinations that no estimator takes are left out."""
    if not params.get("bootstrap", True) and params.get("max_samples") is not None:
        return False
    if params.get("solver") == "lbfgs" and (params.get("dropout") or params.get("batch_norm")):
        return False
    if params.get("solver") == "liblinear" and params.get("C") == math.inf:
        return False
    if params.get("monotonic_cst") is None:
        return True
    return params.get("criterion") in (None, "gini", "entropy", "log_loss", "squared_error")


@st.composite
def candidates(draw, problem, most=16):
    """Settings from a grid over several hyperparameters, several values each."""
    values = VALUES[problem.kind.family](problem)
    about = problem.about
    if (
        "monotonic_cst" in values
        and about["n_outputs"] == 1
        and about["n_classes"] in (0, 2)
        and not about["missing"]
    ):
        directions = [
            0 if j in problem.categorical else MONOTONIC[j] for j in range(problem.X.shape[1])
        ]
        values["monotonic_cst"] = [None, directions]
    names = draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=5, unique=True))
    grid = {}
    for name in names:
        indices = draw(
            st.lists(st.integers(0, len(values[name]) - 1), min_size=1, max_size=4, unique=True)
        )
        grid[name] = [values[name][i] for i in indices]
    # The estimators differ in this default: draw it for all of them.
    base = {"n_estimators": 4, "random_state": 1, "bootstrap": draw(st.booleans())}
    if problem.kind.family == "network":
        base |= {"hidden_layer_sizes": (5,), "max_iter": 3, "clip_norm": 1.0}
    base = problem.kind.only(base) | problem.kind.precise
    settings = [base | dict(zip(grid, chosen, strict=True)) for chosen in product(*grid.values())]
    settings = [params for params in settings if _legal(problem, params)]
    if len(settings) > most:
        settings = draw(st.permutations(settings))[:most]
    return settings
