"""The data sets that scikit-learn ships inside its package, as tables; nothing is downloaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import datasets

from setpoint.datasets.table import Column, Table

BUNDLED = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def load_bundled(name: str) -> Table:
    """Return the set of that name, its target as the last column, called ``target``."""
    bunch = getattr(datasets, f"load_{name}")()
    columns = [
        Column(str(feature), np.ascontiguousarray(values, dtype=np.float64))
        for feature, values in zip(bunch.feature_names, bunch.data.T, strict=True)
    ]
    return Table(name, (*columns, _target(bunch)), target="target")


def _target(bunch: Any) -> Column:
    names = [str(label) for label in bunch.get("target_names", ())]
    if not names or all(label.isdigit() for label in names):
        return Column("target", bunch.target.astype(np.float64))
    return Column.from_texts("target", [names[code] for code in bunch.target])
