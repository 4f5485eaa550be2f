"""Nested cross-validation: how good a search is, on rows that it has not seen.

The score of the best candidate is too good: it is the best of many on the same held-out rows. So
the whole search is repeated without each outer fold, and its best estimator is scored there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils.validation import _num_samples as n_rows

from setpoint.tuning import scikit

__all__ = ["Nested", "nested"]


@dataclass(frozen=True)
class Nested:
    """What nested cross-validation found, by outer fold.

    Attributes
    ----------
    scores : ndarray of shape (n_folds,)
        Of the best estimator of a search without the fold, on the fold.
    best_params : list of dict
        The winner of each of these searches.
    best_scores : ndarray of shape (n_folds,)
        The winner's own mean held-out score: what the search believed.
    predictions : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of each row, by the best estimator of a search that has not seen it; of a row that is in no
        fold NaN, or None for labels that are no numbers.
    """

    scores: NDArray[np.float64]
    best_params: list[dict[str, Any]]
    best_scores: NDArray[np.float64]
    predictions: NDArray[Any] = field(repr=False)


def nested(
    search: Any, X: Any, y: Any, metadata: Mapping[str, Any], split_params: Mapping[str, Any]
) -> Nested:
    """Repeat a search without each fold of its ``nested_cv``, and score its best estimator there.

    Parameters
    ----------
    search : SweepSearchCV
        The search.
    X, y : array-like
        All rows.
    metadata : mapping
        What ``fit`` was given besides.
    split_params : mapping
        The part of it that is the splitter's.
    """
    splitter = check_cv(search.nested_cv, y, classifier=is_classifier(search.estimator))
    scores, best_params, best_scores, found, places = [], [], [], [], []
    for number, (train, test) in enumerate(splitter.split(X, y, **split_params)):
        inner = clone(search).set_params(nested_cv=None, journal=_journal_of(search, number))
        own = scikit.check_method_params(X, params=metadata, indices=train)
        X_train, y_train = scikit.safe_split(search.estimator, X, y, train)
        X_test, y_test = scikit.safe_split(search.estimator, X, y, test, train)
        inner.fit(X_train, y_train, **own)
        scores.append(inner.score(X_test, y_test))
        best_params.append(inner.best_params_)
        best_scores.append(_score_of_best(inner))
        found.append(inner.predict(X_test))
        places.append(np.arange(n_rows(X))[test])
    return Nested(
        np.array(scores),
        best_params,
        np.array(best_scores),
        _in_place(np.concatenate(found), np.concatenate(places), n_rows(X)),
    )


def _journal_of(search: Any, number: int) -> Path | None:
    """The journal of the search without an outer fold: a file beside that of the search."""
    if search.journal is None:
        return None
    path = Path(search.journal)
    return path.with_name(f"{path.stem}.without-fold-{number}{path.suffix}")


def _score_of_best(search: Any) -> float:
    metric = search.refit if isinstance(search.refit, str) and search.multimetric_ else "score"
    return float(search.cv_results_[f"mean_test_{metric}"][search.best_index_])


def _in_place(values: NDArray[Any], rows: NDArray[Any], n: int) -> NDArray[Any]:
    """The values at their rows; of several for a row the last."""
    missing: Any = np.nan if np.issubdtype(values.dtype, np.number) else None
    if len(np.unique(rows)) == n:
        placed = np.empty((n, *values.shape[1:]), values.dtype)
    else:
        dtype = object if missing is None else np.result_type(values.dtype, np.float64)
        placed = np.full((n, *values.shape[1:]), missing, dtype)
    placed[rows] = values
    return placed
