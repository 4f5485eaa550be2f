"""The hyperparameters of networks, beyond those of all training in epochs.

Names, domains and defaults are scikit-learn 1.9's as far as it has them. The two estimators differ
in `loss` and in what only classes have; they say so in ``network``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from setpoint.estimators.common_hyperparameters import N_JOBS
from setpoint.estimators.epoch_hyperparameters import EpochHyperparameters
from setpoint.hyperparameters import (
    ArrayLike,
    Choice,
    Flag,
    Integer,
    Real,
    Search,
    hyperparameter,
    variation,
)

__all__ = ["ACTIVATIONS", "NetworkHyperparameters"]

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu")


class NetworkHyperparameters(EpochHyperparameters):
    """What can be set of a network, whatever the task."""

    hidden_layer_sizes: int | Sequence[int] = hyperparameter(
        default=(100,),
        domain=Integer(1) | ArrayLike("a sequence of ints >= 1"),
        meaning="Neurons of each hidden layer, from the input on; an int is one layer.",
        search=Search(((32,), (100,), (100, 50))),
        kw_only=False,
    )
    activation: str | Sequence[str] = hyperparameter(
        default="relu",
        domain=Choice(*ACTIVATIONS) | ArrayLike("a sequence of such names, one a hidden layer"),
        meaning="What hidden neurons make of their sums: of all layers, or layer by layer.",
        kw_only=False,
    )
    solver: str = hyperparameter(
        default="adam",
        domain=Choice("adam", "adamw", "rmsprop", "sgd", "lbfgs"),
        meaning="How parameters follow the gradient; lbfgs takes all rows at each step.",
    )
    learning_rate_init: float = hyperparameter(
        default=0.001,
        domain=Real(0.0, None, "neither"),
        meaning="The first learning rate, of one_cycle the highest.",
        search=Search((0.001, 0.01), 1e-4, 1e-1, "log"),
    )
    epsilon: float = hyperparameter(
        default=1e-8,
        domain=Real(0.0, None, "neither"),
        meaning="Of adam, adamw and rmsprop: keeps the divisor from 0.",
    )
    max_fun: int = hyperparameter(
        default=15000,
        domain=Integer(1),
        meaning="Of lbfgs: most evaluations of the loss.",
    )
    dropout: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, 1.0, "left"),
        meaning="Share of the hidden neurons that are left out at random in each step.",
        search=Search((), 0.0, 0.5),
    )
    batch_norm: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Centre and scale the sums of each hidden neuron over the batch.",
    )
    init: str = hyperparameter(
        default="glorot",
        domain=Choice("glorot", "he", "orthogonal"),
        meaning="How the first weights are drawn; glorot: as in scikit-learn.",
    )
    keep: str = hyperparameter(
        default="auto",
        domain=Choice("auto", "last", "best"),
        meaning="Parameters that are kept: of the last epoch, or of the best by validation score "
        "or else training loss; auto: best under early stopping, else last.",
    )
    dtype: str = hyperparameter(
        default="float32",
        domain=Choice("float32", "float64"),
        meaning="Precision of parameters and training.",
    )
    n_jobs: int | None = N_JOBS

    alpha: float = variation(
        default=0.0001, meaning="Weight of the penalty on squared weights (L2)."
    )
    max_iter: int = variation(
        default=200,
        meaning="Most epochs: passes over the training rows; of lbfgs most steps.",
    )
    tol: float = variation(
        default=1e-4,
        meaning="Improvement below which an epoch counts as none; of lbfgs the largest slope "
        "that counts as flat.",
    )
    batch_size: int | str = variation(
        default="auto",
        domain=Integer(1) | Choice("auto"),
        meaning="Rows of a step; auto: 200, or all if there are fewer.",
        search=Search((), 16, 512, "log"),
    )
    learning_rate: str = variation(
        default="constant",
        domain=Choice("constant", "invscaling", "adaptive", "cosine", "step", "one_cycle"),
        meaning="Schedule of the length of steps: constant; over rows seen to the power_t; divided "
        "by 5 when nothing improves; down to 0 along a cosine; times step_factor every step_every "
        "epochs; up and down once.",
    )
    nesterovs_momentum: bool = variation(default=True)
    beta_2: float = variation(
        default=0.999, meaning="Of adam, adamw and rmsprop: decay of the mean of their squares."
    )
    weight_decay: float = variation(default=0.01, search=Search((), 1e-4, 1e-1, "log"))
    random_state: int | np.random.RandomState | None = variation(
        default=None,
        meaning="Seed of the first weights, the order of rows, the rows kept back and dropout; "
        "None: a new one at each fit, from numpy.random.",
    )
