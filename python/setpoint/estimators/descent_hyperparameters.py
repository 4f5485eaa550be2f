"""The hyperparameters of gradient descent: each declared here, once.

Domains and defaults are scikit-learn 1.9's as far as it has them. The two estimators differ in
`loss`, `learning_rate`, `power_t` and what only classes have; they say so in ``descent``.
"""

from __future__ import annotations

import numpy as np

from setpoint.hyperparameters import (
    NONE,
    Choice,
    Declared,
    Flag,
    Integer,
    Real,
    Search,
    Seed,
    hyperparameter,
)

__all__ = ["LOSSES_OF_NUMBERS", "DescentHyperparameters"]

LOSSES_OF_NUMBERS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class DescentHyperparameters(Declared):
    """What can be set of gradient descent, whatever the task."""

    loss: str = hyperparameter(
        default="squared_error",
        domain=Choice(*LOSSES_OF_NUMBERS),
        meaning="What is minimised.",
        kw_only=False,
    )
    penalty: str | None = hyperparameter(
        default="l2",
        domain=Choice("l2", "l1", "elasticnet") | NONE,
        meaning="What keeps coefficients small; l1 makes some exactly zero.",
    )
    alpha: float = hyperparameter(
        default=0.0001,
        domain=Real(0.0, None, "left"),
        meaning="Weight of the penalty; the schedule optimal is computed from it too.",
        search=Search((1e-5, 1e-4, 1e-3), 1e-7, 1e-1, "log"),
    )
    l1_ratio: float | None = hyperparameter(
        default=0.15,
        domain=Real(0.0, 1.0) | NONE,
        meaning="Share of l1 in the penalty elasticnet.",
    )
    fit_intercept: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Learn an intercept; False: the data is centred already.",
    )
    max_iter: int = hyperparameter(
        default=1000,
        domain=Integer(1),
        meaning="Most epochs: passes over the training rows.",
        cost="free",
        search=Search((), 5, 1000, "log"),
    )
    tol: float | None = hyperparameter(
        default=1e-3,
        domain=Real(0.0, None, "left") | NONE,
        meaning="Improvement below which an epoch counts as none; None: all max_iter epochs.",
    )
    shuffle: bool = hyperparameter(
        default=True,
        domain=Flag(),
        meaning="Take the rows in a new order in each epoch.",
    )
    verbose: int | bool = hyperparameter(
        default=0,
        domain=Integer(0) | Flag(),
        meaning="Show a progress bar if positive.",
        cost="none",
    )
    epsilon: float = hyperparameter(
        default=0.1,
        domain=Real(0.0, None, "left"),
        meaning="Of huber: error from which on it is linear; of the insensitive losses: error that "
        "counts as none.",
    )
    random_state: int | np.random.RandomState | None = hyperparameter(
        default=None,
        domain=Seed(),
        meaning="Seed of the order of rows and of the rows kept back; None: a new one at each fit.",
    )
    learning_rate: str = hyperparameter(
        default="invscaling",
        domain=Choice("constant", "optimal", "invscaling", "adaptive", "cosine", "step"),
        meaning="Schedule of the length of steps: constant eta0; 1 / (alpha (t + t0)); "
        "eta0 / t^power_t; eta0 divided by 5 when nothing improves; down to 0 along a cosine; "
        "eta0 times step_factor every step_every epochs.",
    )
    eta0: float = hyperparameter(
        default=0.01,
        domain=Real(0.0, None, "neither"),
        meaning="The first learning rate; optimal does not use it.",
        search=Search((0.001, 0.01, 0.1), 1e-5, 1.0, "log"),
    )
    power_t: float = hyperparameter(
        default=0.25,
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
    batch_size: int = hyperparameter(
        default=1,
        domain=Integer(1),
        meaning="Rows of a step, whose gradients are averaged; 1: scikit-learn's.",
        search=Search((), 1, 512, "log"),
    )
    optimizer: str = hyperparameter(
        default="sgd",
        domain=Choice("sgd", "adam", "adamw"),
        meaning="How parameters follow the gradient: along it, by its moments, or by its moments "
        "with a weight decay of its own.",
    )
    momentum: float = hyperparameter(
        default=0.0,
        domain=Real(0.0, 1.0, "left"),
        meaning="Of sgd: share of the last step that is made again.",
        search=Search((), 0.0, 0.99),
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
    adam_epsilon: float = hyperparameter(
        default=1e-8,
        domain=Real(0.0, None, "neither"),
        meaning="Of adam and adamw: keeps the divisor from 0 (`epsilon` is the loss's).",
    )
    weight_decay: float = hyperparameter(
        default=0.01,
        domain=Real(0.0, None, "left"),
        meaning="Of adamw: share of the coefficients that goes at a learning rate of 1.",
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
        domain=Real(0.0, 1.0, "neither"),
        meaning="Early stopping: share of the rows that are kept back.",
    )
    n_iter_no_change: int = hyperparameter(
        default=5,
        domain=Integer(1),
        meaning="Epochs without improvement after which training stops.",
    )
    warm_start: bool = hyperparameter(
        default=False,
        domain=Flag(),
        meaning="Begin with the parameters of the previous fit.",
        cost="none",
    )
    average: bool | int = hyperparameter(
        default=False,
        domain=Flag() | Integer(1),
        meaning="Learn the mean of the parameters over steps, from this step on.",
    )
