"""Hyperparameters of several families: each declared here, once.

A class takes one as the value of a field, ``n_jobs: int | None = N_JOBS``, or says what differs,
``random_state: ... = replace(RANDOM_STATE, meaning="Seed of ...")``.
"""

from __future__ import annotations

from typing import Any

from setpoint.hyperparameters import (
    NONE,
    Choice,
    Flag,
    Instance,
    Integer,
    Seed,
    hyperparameter,
)

__all__ = ["CLASS_WEIGHT", "N_JOBS", "RANDOM_STATE", "VERBOSE", "WARM_START"]

N_JOBS: Any = hyperparameter(
    default=None,
    domain=Integer() | NONE,
    meaning="Threads; None or -1: all cores. The model does not depend on it.",
    cost="none",
)
VERBOSE: Any = hyperparameter(
    default=0,
    domain=Integer(0) | Flag(),
    meaning="Show a progress bar if positive.",
    cost="none",
)
RANDOM_STATE: Any = hyperparameter(
    default=None,
    domain=Seed(),
    meaning="Accepted for scikit-learn's sake: nothing is random.",
    cost="none",
)
WARM_START: Any = hyperparameter(
    default=False,
    domain=Flag(),
    meaning="Begin with the parameters of the previous fit.",
    cost="none",
)
CLASS_WEIGHT: Any = hyperparameter(
    default=None,
    domain=Choice("balanced") | Instance(dict, "a dict of class label to weight") | NONE,
    meaning="Weights of the classes; balanced: inversely proportional to their frequencies.",
)
