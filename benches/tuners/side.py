"""Grid, random and Bayesian search of the same model on the same rows. Prints nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from measure import THREADS
from setpoint import (
    SVC,
    BayesSearchCV,
    GridSearchCV,
    Integer,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
)
from tables import duration


def _models() -> dict[str, tuple[Any, dict[str, list[Any]], dict[str, Any]]]:
    """Estimator, grid and space by name."""
    kernel = make_pipeline(StandardScaler(), SVC())
    return {
        "forest": (
            RandomForestClassifier(random_state=0),
            {
                "n_estimators": [100, 200, 400],
                "max_depth": [4, 8, 16, 32],
                "min_samples_leaf": [1, 4, 16],
                "max_features": [0.1, 0.3, 1.0],
            },
            {
                "n_estimators": Integer(50, 400, log=True),
                "max_depth": Integer(2, 32, log=True),
                "min_samples_leaf": Integer(1, 32, log=True),
                "max_features": Real(0.1, 1.0),
            },
        ),
        "svm": (
            kernel,
            {
                "svc__C": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0],
                "svc__gamma": [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0],
            },
            {
                "svc__C": Real(1e-2, 1e3, log=True),
                "svc__gamma": Real(1e-4, 1e1, log=True),
            },
        ),
    }


def tables(quick: bool) -> Iterator[tuple[str, list[list[str]]]]:
    """Name and rows of each model's table."""
    X, y = (load_breast_cancer if quick else load_digits)(return_X_y=True)
    X, X_out, y, y_out = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    n = 5 if quick else 25
    for title, (model, grid, space) in _models().items():
        common = {"cv": 5, "n_jobs": THREADS}
        searches = {
            "grid": GridSearchCV(model, grid, **common),
            "random": RandomizedSearchCV(model, space, n_iter=2 * n, random_state=0, **common),
            "Bayesian": BayesSearchCV(model, space, n_iter=n, random_state=0, **common),
        }
        rows = []
        for name, search in searches.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                begin = perf_counter()
                search.fit(X, y)
                seconds = perf_counter() - begin
            rows.append(
                [
                    name,
                    str(len(search.cv_results_["params"])),
                    str(search.n_fits_),
                    duration(seconds),
                    f"{search.best_score_:.4f}",
                    f"{search.score(X_out, y_out):.4f}",
                ]
            )
        yield title, rows
