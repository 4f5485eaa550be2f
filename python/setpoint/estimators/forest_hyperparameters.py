"""The hyperparameters of forests: each declared here, once.

Domains and defaults are scikit-learn 1.9's. The four estimators differ in `criterion`,
`max_features`, `bootstrap` and `class_weight`; they say so in ``forest``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from setpoint.estimators.common_hyperparameters import (
    N_JOBS,
    RANDOM_STATE,
    VERBOSE,
    WARM_START,
)
from setpoint.hyperparameters import (
    NONE,
    Amount,
    ArrayLike,
    Callback,
    Choice,
    Declared,
    Flag,
    Fraction,
    Integer,
    Real,
    Search,
    hyperparameter,
)

__all__ = ["ForestHyperparameters"]


class ForestHyperparameters(Declared):
    """What can be set of every forest."""

    n_estimators: int = hyperparameter(
        default=100,
        domain=Integer(1),
        meaning="Number of trees.",
        cost="free",
        search=Search((50, 100, 200), 50, 500, "log"),
        kw_only=False,
    )
    criterion: str = hyperparameter(
        default="gini",
        domain=Choice("gini", "entropy", "log_loss"),
        meaning="Impurity that a split reduces; entropy and log_loss are the same.",
    )
    max_depth: int | None = hyperparameter(
        default=None,
        domain=Integer(1) | NONE,
        meaning="Most splits between the root and a leaf; None: no limit.",
        cost="free",
        search=Search((4, 8, 16, None), 2, 32, "log"),
    )
    min_samples_split: int | float = hyperparameter(
        default=2,
        domain=Amount(2, Fraction(0.0, 1.0, "right")),
        meaning="Fewest rows of a node that is split; a float is a share of the training rows.",
        cost="free",
        search=Search((2, 5, 10), 2, 64, "log"),
    )
    min_samples_leaf: int | float = hyperparameter(
        default=1,
        domain=Amount(1, Fraction(0.0, 1.0, "neither")),
        meaning="Fewest rows of a leaf; a float is a share of the training rows.",
        cost="cheap",
        search=Search((), 1, 32, "log"),
    )
    min_weight_fraction_leaf: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, 0.5),
        meaning="Smallest share of the total weight that a leaf may hold.",
    )
    max_features: str | int | float | None = hyperparameter(
        default="sqrt",
        domain=Amount(1, Fraction(0.0, 1.0, "right")) | Choice("sqrt", "log2") | NONE,
        meaning="Columns tried at each split: a count, a share, or a function of their number; "
        "None: all.",
        search=Search(("sqrt", 0.3), 0.1, 1.0),
    )
    max_leaf_nodes: int | None = hyperparameter(
        default=None,
        domain=Integer(2) | NONE,
        meaning="Most leaves of a tree, the best splits first; None: no limit.",
        cost="free",
        search=Search((), 16, 4096, "log"),
    )
    min_impurity_decrease: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, None, "left"),
        meaning="Least decrease of impurity, weighted by the node's share of rows, of a split.",
        cost="free",
        search=Search((), 1e-7, 1e-2, "log"),
    )
    bootstrap: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Grow each tree on rows drawn with replacement, instead of on all rows.",
    )
    oob_score: bool | Callable[..., float] = hyperparameter(
        default=False,
        domain=Flag() | Callback("a callable(y_true, y_pred)"),
        meaning="Score the forest on the rows that each tree has not seen; needs bootstrap.",
        cost="none",
    )
    n_jobs: int | None = N_JOBS
    random_state: int | np.random.RandomState | None = replace(
        RANDOM_STATE,
        meaning="Seed of all random numbers; None: a new one at each fit, from numpy.random.",
        cost="full",
    )
    verbose: int | bool = VERBOSE
    warm_start: bool = replace(
        WARM_START,
        meaning="Keep the trees of the previous fit and add to them up to n_estimators.",
    )
    ccp_alpha: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, None, "left"),
        meaning="Prune subtrees that lower the impurity by less than this for each leaf.",
        cost="free",
        search=Search((), 1e-6, 1e-1, "log"),
    )
    max_samples: int | float | None = hyperparameter(
        default=None,
        domain=Amount(1, Fraction(0.0, None, "neither")) | NONE,
        meaning="Rows drawn for each tree: a count or a share; None: as many as there are.",
        search=Search((), 0.3, 1.0, when=("bootstrap", True)),
    )
    monotonic_cst: Sequence[int] | None = hyperparameter(
        default=None,
        domain=ArrayLike("an array-like of -1, 0 and 1, one for each column") | NONE,
        meaning="Direction in which the prediction may move as a column grows; 0: any.",
    )
    max_bins: int | None = hyperparameter(
        default=None,
        domain=Integer(2, 65535) | NONE,
        meaning="Most distinct values of a column that are told apart; None: all, up to 65535.",
    )
    categorical_features: Any = hyperparameter(
        default="from_dtype",
        domain=ArrayLike("an array-like of columns' indices or names, or a mask")
        | Choice("from_dtype")
        | NONE,
        meaning="Columns split by sets of categories; from_dtype: the categorical ones of a "
        "data frame.",
    )
    early_stopping: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Stop adding trees when the out-of-bag score no longer improves; n_estimators is "
        "then the most.",
    )
    n_iter_no_change: int = hyperparameter(
        default=20,
        domain=Integer(1),
        meaning="Early stopping: trees added between two looks at the out-of-bag score.",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="Early stopping: improvement below which the score counts as unchanged.",
    )
