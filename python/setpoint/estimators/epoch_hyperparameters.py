"""The hyperparameters of training in epochs: those that gradient descent and networks share.

Domains and defaults are scikit-learn 1.9's as far as it has them. Where the two families differ,
each says so in its own file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from setpoint.estimators.common_hyperparameters import RANDOM_STATE, VERBOSE, WARM_START
from setpoint.hyperparameters import (
    NONE,
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    hyperparameter,
)

__all__ = ["EpochHyperparameters"]


class EpochHyperparameters(Declared):
    """What can be set of whatever learns batch by batch, in epochs."""

    alpha: float = hyperparameter(
        default=0.0001,
        domain=Real(0.0, None, "left"),
        meaning="Weight of the penalty.",
        search=Search((1e-5, 1e-4, 1e-3), 1e-7, 1e-1, "log"),
    )
    max_iter: int = hyperparameter(
        default=200,
        domain=Integer(1),
        meaning="Most epochs: passes over the training rows.",
        cost="free",
        search=Search((), 5, 500, "log"),
    )
    tol: float | None = hyperparameter(
        default=1e-4,
        domain=Real(0.0, None, "left"),
        meaning="Improvement below which an epoch counts as none.",
    )
    batch_size: int | str = hyperparameter(
        default=1,
        domain=Integer(1),
        meaning="Rows of a step, whose gradients are averaged.",
        search=Search((), 1, 512, "log"),
    )
    learning_rate: str = hyperparameter(
        default="constant",
        domain=Choice("constant", "invscaling", "adaptive", "cosine", "step"),
        meaning="Schedule of the length of steps.",
    )
    power_t: float = hyperparameter(
        default=0.5,
        domain=Real(0.0, None, "left"),
        meaning="Exponent of invscaling.",
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
    momentum: float = hyperparameter(
        default=0.9,
        domain=Real(0.0, 1.0),
        meaning="Of sgd: share of the last step that is made again.",
        search=Search((), 0.5, 0.99),
    )
    nesterovs_momentum: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Of sgd with momentum: take the gradient where the momentum leads.",
    )
    beta_1: float = hyperparameter(
        default=0.9,
        domain=Real(0.0, 1.0, "left"),
        meaning="Of adam and adamw: decay of the mean of the gradients.",
    )
    beta_2: float = hyperparameter(
        default=0.999,
        domain=Real(0.0, 1.0, "left"),
        meaning="Of adam and adamw: decay of the mean of their squares.",
    )
    weight_decay: float = hyperparameter(
        default=0.01,
        domain=Real(0.0, None, "left"),
        meaning="Of adamw: share of the weights that goes at a learning rate of 1.",
    )
    clip_norm: float | None = hyperparameter(
        default=None,
        domain=Real(0.0, None, "neither") | NONE,
        meaning="Longest gradient of a step, longer ones are shortened; None: any length.",
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
    n_iter_no_change: int = hyperparameter(
        default=10,
        domain=Integer(1),
        meaning="Epochs without improvement after which training stops.",
    )
    shuffle: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Take the rows in a new order in each epoch.",
    )
    random_state: int | np.random.RandomState | None = replace(
        RANDOM_STATE,
        meaning="Seed of the order of rows and of the rows kept back; None: a new one at each fit, "
        "from numpy.random.",
        cost="full",
    )
    verbose: int | bool = VERBOSE
    warm_start: bool = WARM_START
