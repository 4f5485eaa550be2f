"""The benchmark problems: made data of fixed seeds, scikit-learn's bundled sets and real sets from
a folder.

A problem says what to learn and with which forest; it knows no library (``libraries.py``) and
measures nothing (``sections.py``, ``test_forest.py``). Real sets are read from the folder that
the environment variable ``SETPOINT_DATA`` names: ``NAME.npz`` with ``X`` and ``y``, and
``NAME.json`` beside it with the task and the categorical columns. Without the variable those
problems do not exist.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.model_selection import train_test_split

Task = Literal["classification", "regression"]
Section = Literal["made", "real", "tiny"]

TEST_ROWS = 20_000
"""Held-out rows of a made problem; the prediction times are for this many rows."""


@dataclass(frozen=True)
class Data:
    """Training rows, held-out rows, and which columns hold category codes."""

    X_train: NDArray[np.float32]
    y_train: NDArray[Any]
    X_test: NDArray[np.float32]
    y_test: NDArray[Any]
    categorical: tuple[int, ...] = ()

    @property
    def has_missing(self) -> bool:
        """Whether any cell is missing (NaN)."""
        return bool(np.isnan(self.X_train).any() or np.isnan(self.X_test).any())


@dataclass(frozen=True)
class Problem:
    """Something to learn, and the forest to learn it with."""

    name: str
    task: Task
    section: Section
    load: Callable[[], Data]
    max_features: str | float = "sqrt"
    n_estimators: int = 100


def _split(
    X: NDArray[Any], y: NDArray[Any], n_train: int, categorical: tuple[int, ...] = ()
) -> Data:
    """Shuffle with a fixed seed (some sets are sorted) and cut after ``n_train`` rows."""
    X_train, X_test, y_train, y_test = train_test_split(
        X.astype(np.float32), y, train_size=n_train, random_state=0
    )
    return Data(X_train, y_train, X_test, y_test, categorical)


def _classes(rows: int, columns: int, classes: int) -> Data:
    X, y = make_classification(
        rows + TEST_ROWS,
        columns,
        n_informative=columns // 2,
        n_redundant=0,
        n_classes=classes,
        random_state=0,
    )
    return _split(X, y, rows)


def _numbers(rows: int, columns: int) -> Data:
    X, y = make_regression(
        rows + TEST_ROWS, columns, n_informative=columns // 2, noise=10.0, random_state=0
    )
    return _split(X, y, rows)


def _labels_from(X: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
    """Two classes from a noisy rule of single columns and of products of neighbours."""
    columns = X.shape[1]
    signal = X @ rng.normal(size=columns) + (X[:, :-1] * X[:, 1:]) @ rng.normal(size=columns - 1)
    noise = rng.normal(scale=0.3 * signal.std(), size=len(X))
    result: NDArray[np.int64] = (signal + noise > np.median(signal)).astype(np.int64)
    return result


def _sparse(rows: int, columns: int) -> Data:
    """0/1 columns, one cell in twenty set, as one-hot encoding and word counts give."""
    rng = np.random.default_rng(0)
    X = (rng.random((rows + TEST_ROWS, columns)) < 0.05).astype(np.float32)
    return _split(X, _labels_from(X, rng), rows)


def _low_cardinality(rows: int, columns: int) -> Data:
    """Columns of 2 to 16 distinct values."""
    rng = np.random.default_rng(0)
    distinct = 2 + np.arange(columns) % 15
    X = rng.integers(0, distinct, size=(rows + TEST_ROWS, columns)) / distinct
    return _split(X, _labels_from(X, rng), rows)


def _iris() -> Data:
    X, y = load_iris(return_X_y=True)
    return _split(X, y, 112)


MADE = (
    Problem("20,000 x 30, 2 classes", "classification", "made", partial(_classes, 20_000, 30, 2)),
    Problem("200,000 x 30, 2 classes", "classification", "made", partial(_classes, 200_000, 30, 2)),
    Problem("20,000 x 30, 7 classes", "classification", "made", partial(_classes, 20_000, 30, 7)),
    Problem("20,000 x 30, regression", "regression", "made", partial(_numbers, 20_000, 30), 0.4),
    Problem("20,000 x 100, sparse 0/1", "classification", "made", partial(_sparse, 20_000, 100)),
    Problem(
        "20,000 x 30, low cardinality",
        "classification",
        "made",
        partial(_low_cardinality, 20_000, 30),
    ),
)
IRIS = Problem("iris", "classification", "tiny", _iris)

TRAINING_ROWS = {"covertype": 150_000}
"""Sets that are not cut at 75 percent."""


def _read(folder: Path, name: str) -> Data:
    about = json.loads((folder / f"{name}.json").read_text())
    with np.load(folder / f"{name}.npz") as arrays:
        X, y = arrays["X"], arrays["y"]
    categorical = tuple(column["index"] for column in about["categorical_columns"])
    return _split(X, y, TRAINING_ROWS.get(name, len(X) * 3 // 4), categorical)


def real() -> Iterator[Problem]:
    """Every set of the folder ``SETPOINT_DATA``, in order of name; none without it."""
    if not (named := os.environ.get("SETPOINT_DATA")):
        return
    folder = Path(named)
    for path in sorted(folder.glob("*.json")):
        regression = json.loads(path.read_text())["task"] == "regression"
        yield Problem(
            path.stem,
            "regression" if regression else "classification",
            "real",
            partial(_read, folder, path.stem),
            0.4 if regression else "sqrt",
        )


def all_problems() -> dict[str, Problem]:
    """Every problem by its name."""
    return {problem.name: problem for problem in (*MADE, *real(), IRIS)}
