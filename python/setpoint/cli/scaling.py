"""Columns on one scale, for families that expect it: the estimator behind a scaler.

Each fold has its own means and deviations; what is saved holds those of all rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from setpoint.families import FAMILIES

_STEP = "model"


def standardises(name: str, args: argparse.Namespace) -> bool:
    """Whether the columns are brought to one scale for a family."""
    return FAMILIES[name].scaled and not args.no_scale


def note(names: Sequence[str] = ()) -> str:
    """What is said of it; `names` has the families, if it is not done for all of them."""
    whom = f" for {' and '.join(names)}" if names else ""
    return f"columns are standardised{whom} by the rows that train (--no-scale: taken as they are)"


def behind_scaler(estimator: Any) -> Pipeline:
    """A pipeline that standardises the columns first."""
    return Pipeline([("scale", StandardScaler()), (_STEP, estimator)])


def estimator_of(model: Any) -> Any:
    """The estimator, without a scaler before it."""
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def prefixed(model: Any, name: str) -> str:
    """What a hyperparameter of the estimator is called in the model."""
    return f"{_STEP}__{name}" if isinstance(model, Pipeline) else name
