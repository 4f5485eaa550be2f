"""The hyperparameters of networks: each declared here, once.

Names, domains and defaults are scikit-learn 1.9's as far as it has them. The two estimators differ
in `loss` and in what only classes have; they say so in ``network``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from setpoint.hyperparameters import (
    NONE,
    ArrayLike,
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    Seed,
    hyperparameter,
)

__all__ = ["ACTIVATIONS", "NetworkHyperparameters"]

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu")


class NetworkHyperparameters(Declared):
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
    alpha: float = hyperparameter(
        default=0.0001,
        domain=Real(0.0, None, "left"),
        meaning="Weight of the penalty on squared weights (L2).",
        search=Search((1e-5, 1e-4, 1e-3), 1e-7, 1e-1, "log"),
    )
    batch_size: int | str = hyperparameter(
        default="auto",
        domain=Integer(1) | Choice("auto"),
        meaning="Rows of a step; auto: 200, or all if there are fewer.",
        search=Search((), 16, 512, "log"),
    )
    learning_rate: str = hyperparameter(
        default="constant",
        domain=Choice("constant", "invscaling", "adaptive", "cosine", "step", "one_cycle"),
        meaning="Schedule of the length of steps: constant; over rows seen to the power_t; divided "
        "by 5 when nothing improves; down to 0 along a cosine; times step_factor every step_every "
        "epochs; up and down once.",
    )
    learning_rate_init: float = hyperparameter(
        default=0.001,
        domain=Real(0.0, None, "neither"),
        meaning="The first learning rate, of one_cycle the highest.",
        search=Search((0.001, 0.01), 1e-4, 1e-1, "log"),
    )
    power_t: float = hyperparameter(
        default=0.5,
        domain=Real(0.0, None, "left"),
        meaning="Exponent of invscaling.",
    )
    max_iter: int = hyperparameter(
        default=200,
        domain=Integer(1),
        meaning="Most epochs: passes over the training rows; of lbfgs most steps.",
        cost="free",
        search=Search((), 5, 500, "log"),
    )
    shuffle: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Take the rows in a new order in each epoch.",
    )
    random_state: int | np.random.RandomState | None = hyperparameter(
        default=None,
        domain=Seed(),
        meaning="Seed of the first weights, the order of rows, the rows kept back and dropout; "
        "None: a new one at each fit.",
    )
    tol: float = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="Improvement below which an epoch counts as none; of lbfgs the largest slope "
        "that counts as flat.",
    )
    verbose: int | bool = hyperparameter(
        default=0,
        domain=Integer(0) | Flag(),
        meaning="Show a progress bar if positive.",
        cost="none",
    )
    warm_start: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Begin with the parameters of the previous fit.",
        cost="none",
    )
    momentum: float = hyperparameter(
        default=0.9,
        domain=Real(0.0, 1.0),
        meaning="Of sgd: share of the last step that is made again.",
        search=Search((), 0.5, 0.99),
    )
    nesterovs_momentum: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Of sgd with momentum: take the gradient where the momentum leads.",
    )
    early_stopping: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Stop by the score of rows kept back, instead of by the training loss.",
    )
    validation_fraction: float = hyperparameter(
        default=0.1,
        domain=Real(0.0, 1.0, "left"),
        meaning="Early stopping: share of the rows that are kept back.",
    )
    beta_1: float = hyperparameter(
        default=0.9,
        domain=Real(0.0, 1.0, "left"),
        meaning="Of adam and adamw: decay of the mean of the gradients.",
    )
    beta_2: float = hyperparameter(
        default=0.999,
        domain=Real(0.0, 1.0, "left"),
        meaning="Of adam, adamw and rmsprop: decay of the mean of their squares.",
    )
    epsilon: float = hyperparameter(
        default=1e-8,
        domain=Real(0.0, None, "neither"),
        meaning="Of adam, adamw and rmsprop: keeps the divisor from 0.",
    )
    n_iter_no_change: int = hyperparameter(
        default=10,
        domain=Integer(1),
        meaning="Epochs without improvement after which training stops.",
    )
    max_fun: int = hyperparameter(
        default=15000,
        domain=Integer(1),
        meaning="Of lbfgs: most evaluations of the loss.",
    )
    weight_decay: float = hyperparameter(
        default=0.01,
        domain=Real(0.0, None, "left"),
        meaning="Of adamw: share of the weights that goes at a learning rate of 1.",
        search=Search((), 1e-4, 1e-1, "log"),
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
    clip_norm: float | None = hyperparameter(
        default=None,
        domain=Real(0.0, None, "neither") | NONE,
        meaning="Longest gradient of a step, longer ones are shortened; None: any length.",
    )
    warmup_epochs: int = hyperparameter(
        default=0,
        domain=Integer(0),
        meaning="Epochs in which the learning rate rises from 0, whatever the schedule.",
    )
    step_every: int = hyperparameter(
        default=10,
        domain=Integer(1),
        meaning="Epochs between two falls of the schedule step.",
    )
    step_factor: float = hyperparameter(
        default=0.1,
        domain=Real(0.0, 1.0, "right"),
        meaning="What the schedule step multiplies the learning rate by.",
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
    n_jobs: int | None = hyperparameter(
        default=None,
        domain=Integer() | NONE,
        meaning="Threads; None or -1: all cores. The model does not depend on it.",
        cost="none",
    )
