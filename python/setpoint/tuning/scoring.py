"""Which scorers the core computes, and how the others get what they need.

A scorer is computed in the core when it is one of scikit-learn's own, with its own arguments, on a
problem where its definition leaves nothing open. Every other scorer of scikit-learn's make is
called on an estimator that returns the stored predictions; any other callable is called on a model.
No metric is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from setpoint import _core
from setpoint.tuning import scikit

if TYPE_CHECKING:
    from setpoint.estimators.base import SweepData

Needs: TypeAlias = Literal["metrics", "predictions", "models"]

REGRESSION = {
    "r2",
    "neg_mean_squared_error",
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
}
PROBABILISTIC = {"neg_log_loss", "roc_auc_ovr"}
"""Metrics that scikit-learn refuses to compute without `predict_proba`."""
# Defined, and silent in scikit-learn, whatever classes the scored rows have.
ANY_ROWS = {"accuracy", "f1_micro"} | REGRESSION - {"r2"}


def explicit(scorer: Any, final: Any) -> Any:
    """Replace scikit-learn's "the estimator's score method" by the scorer that computes the same.

    It is left alone where the final estimator has a score method of its own.
    """
    if isinstance(scorer, scikit.MultimetricScorer):
        parts = {name: explicit(part, final) for name, part in scorer._scorers.items()}
        return scikit.MultimetricScorer(scorers=parts, raise_exc=scorer._raise_exc)
    if isinstance(scorer, scikit.PassthroughScorer):
        name = _score_method(final)
        return scorer if name is None else get_scorer(name)
    return scorer


def _score_method(estimator: Any) -> str | None:
    method = getattr(type(estimator), "score", None)
    return {ClassifierMixin.score: "accuracy", RegressorMixin.score: "r2"}.get(method)


def needs(scorer: Any) -> Needs:
    """What the scorer must be given where the core does not compute it."""
    of_predictions = all(isinstance(part, scikit.BaseScorer) for part in parts_of(scorer).values())
    return "predictions" if of_predictions else "models"


def parts_of(scorer: Any) -> dict[str, Any]:
    """Give the scorers by name; a single scorer is called "score"."""
    if isinstance(scorer, scikit.MultimetricScorer):
        return dict(scorer._scorers)
    return {"score": scorer}


def core_metrics(scorer: Any, y: Any, data: SweepData) -> dict[str, str] | None:
    """Name the core's metric for each part of the scorer; None if one of them is not known.

    Parameters
    ----------
    scorer : callable
        As `explicit` returns it.
    y : array-like
        The target as the user gave it.
    data : SweepData
        The data set as the core sees it.
    """
    target = np.asarray(y)
    if target.ndim != 1 or target.dtype.kind == "O":
        return None
    metrics = {name: _core_metric(part, data) for name, part in parts_of(scorer).items()}
    known = {name: metric for name, metric in metrics.items() if metric is not None}
    return known if len(known) == len(metrics) else None


def _core_metric(scorer: Any, data: SweepData) -> str | None:
    name = _known_name(scorer)
    if name is None or (name in REGRESSION) != (not data.n_classes):
        return None
    if name in REGRESSION:
        return name
    n_classes, classes = data.n_classes[0], data.classes[0]
    if name == "f1" and not (n_classes == 2 and _is_one(classes[1])):
        return None
    if name == "roc_auc" and n_classes != 2:
        return None
    if name == "roc_auc_ovr" and n_classes == 2:
        return "roc_auc"
    return name


def _is_one(label: Any) -> bool:
    # scikit-learn's F1 takes the label 1 as the positive class, whatever the labels are.
    return isinstance(label, (bool, int, float, np.number, np.bool_)) and bool(label == 1)


def _known_name(scorer: Any) -> str | None:
    if type(scorer) is not scikit.Scorer:
        return None
    return next((name for name, own in _known_scorers().items() if _same(scorer, own)), None)


@cache
def _known_scorers() -> dict[str, Any]:
    return {name: get_scorer(name) for name in _core.METRICS}


def _same(a: Any, b: Any) -> bool:
    return bool(
        a._score_func is b._score_func
        and a._sign == b._sign
        and a._response_method == b._response_method
        and _plain(a._kwargs)
        and a._kwargs == b._kwargs
    )


def _plain(kwargs: Mapping[str, Any]) -> bool:
    # Arrays among the arguments (labels=...) have no truth value; no known scorer has any.
    return all(value is None or isinstance(value, (str, int, float)) for value in kwargs.values())


def leaves_nothing_open(metric: str, data: SweepData, rows: NDArray[np.int64]) -> bool:
    """Whether the metric is defined on these rows and scikit-learn computes it without a warning.

    Elsewhere (a class without a held-out row, R2 of one row) scikit-learn's own scorer is called,
    so that its warnings and errors are the user's to see.
    """
    if metric in ANY_ROWS:
        return len(rows) > 0
    return has_every_class(data, rows) if data.n_classes else len(rows) > 1


def has_every_class(data: SweepData, rows: NDArray[np.int64]) -> bool:
    """Whether each class of each output is among these rows; true of any row of a regression."""
    counts = (
        np.bincount(data.y[rows, output].astype(np.intp), minlength=n_classes)
        for output, n_classes in enumerate(data.n_classes)
    )
    return len(rows) > 0 and all(count.all() for count in counts)
