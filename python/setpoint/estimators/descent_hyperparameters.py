"""The hyperparameters of gradient descent, beyond those of all training in epochs.

Domains and defaults are scikit-learn 1.9's as far as it has them. The two estimators differ in
`loss`, `learning_rate`, `power_t` and what only classes have; they say so in ``descent``.
"""

from __future__ import annotations

from setpoint.estimators.epoch_hyperparameters import EpochHyperparameters
from setpoint.hyperparameters import (
    NONE,
    Choice,
    Flag,
    Integer,
    Real,
    Search,
    hyperparameter,
    variation,
)

__all__ = ["LOSSES_OF_NUMBERS", "DescentHyperparameters"]

LOSSES_OF_NUMBERS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")


class DescentHyperparameters(EpochHyperparameters):
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
    epsilon: float = hyperparameter(
        default=0.1,
        domain=Real(0.0, None, "left"),
        meaning="Of huber: error from which on it is linear; of the insensitive losses: error that "
        "counts as none.",
    )
    eta0: float = hyperparameter(
        default=0.01,
        domain=Real(0.0, None, "neither"),
        meaning="The first learning rate; optimal does not use it.",
        search=Search((0.001, 0.01, 0.1), 1e-5, 1.0, "log"),
    )
    optimizer: str = hyperparameter(
        default="sgd",
        domain=Choice("sgd", "adam", "adamw"),
        meaning="How parameters follow the gradient: along it, by its moments, or by its moments "
        "with a weight decay of its own.",
    )
    adam_epsilon: float = hyperparameter(
        default=1e-8,
        domain=Real(0.0, None, "neither"),
        meaning="Of adam and adamw: keeps the divisor from 0 (`epsilon` is the loss's).",
    )
    average: bool | int = hyperparameter(
        default=False,
        domain=Flag() | Integer(1),
        meaning="Learn the mean of the parameters over steps, from this step on.",
    )

    alpha: float = variation(
        default=0.0001,
        meaning="Weight of the penalty; the schedule optimal is computed from it too.",
    )
    max_iter: int = variation(default=1000, search=Search((), 5, 1000, "log"))
    tol: float | None = variation(
        default=1e-3,
        domain=Real(0.0, None, "left") | NONE,
        meaning="Improvement below which an epoch counts as none; None: all max_iter epochs.",
    )
    batch_size: int = variation(
        default=1, meaning="Rows of a step, whose gradients are averaged; 1: scikit-learn's."
    )
    learning_rate: str = variation(
        default="invscaling",
        domain=Choice("constant", "optimal", "invscaling", "adaptive", "cosine", "step"),
        meaning="Schedule of the length of steps: constant eta0; 1 / (alpha (t + t0)); "
        "eta0 / t^power_t; eta0 divided by 5 when nothing improves; down to 0 along a cosine; "
        "eta0 times step_factor every step_every epochs.",
    )
    power_t: float = variation(default=0.25)
    momentum: float = variation(
        default=0.0, domain=Real(0.0, 1.0, "left"), search=Search((), 0.0, 0.99)
    )
    weight_decay: float = variation(
        default=0.01,
        meaning="Of adamw: share of the coefficients that goes at a learning rate of 1.",
    )
    validation_fraction: float = variation(default=0.1, domain=Real(0.0, 1.0, "neither"))
    n_iter_no_change: int = variation(default=5)
