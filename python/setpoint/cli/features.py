"""Tables to what an estimator takes: a data frame where a library for them is installed.

Without one it goes as an array, and the names of its columns are written onto the fitted model.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from setpoint.cli.scaling import estimator_of
from setpoint.datasets import Column, DataError, Table


def matrix(table: Table) -> tuple[Any, dict[str, Any]]:
    """Return X and what the estimator has to be told about its columns."""
    if find_spec("polars"):
        return _polars(table), {}
    if find_spec("pandas"):
        return _pandas(table), {}
    categorical = _categorical(table)
    return _array(table), {"categorical_features": categorical} if categorical else {}


def learn_names(model: Any, table: Table) -> None:
    """Write the column names onto a model that was fitted on an array."""
    if hasattr(model, "feature_names_in_"):
        return
    names = np.array(table.names, dtype=object)
    if isinstance(model, Pipeline):
        model.steps[0][1].feature_names_in_ = names
    else:
        model.feature_names_in_ = names
        model._columns = replace(model._columns, names=names)


def columns_of(model: Any) -> dict[str, bool]:
    """Return the columns that a model was fitted on, by name, and whether each holds texts."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise DataError(
            "the model was fitted on columns without names, which can't be found in a file;"
            " fit it on a data frame, or use its predict method in Python"
        )
    categories = zip(names, estimator_of(model).categories_, strict=True)
    # Categories may be numbers too, in a model that was fitted in Python.
    return {name: labels is not None and labels.dtype.kind in "OTU" for name, labels in categories}


def matching(model: Any, table: Table) -> Any:
    """Return X of the columns that the model was fitted on, in its order."""
    columns = columns_of(model)
    missing = [name for name in columns if name not in table.names]
    if missing:
        listed = ", ".join(map(repr, missing[:5])) + ", …" * (len(missing) > 5)
        raise DataError(f"{table.name} lacks {len(missing)} columns of the model: {listed}")
    table = table.select(columns)
    for column, was_text in zip(table.columns, columns.values(), strict=True):
        if (column.categories is not None) != was_text:
            kinds = ("texts", "numbers") if was_text else ("numbers", "texts")
            raise DataError(
                f"column {column.name!r} of {table.name} holds {kinds[1]}{column.example};"
                f" the model was fitted on {kinds[0]}"
            )
    return matrix(table)[0]


def _polars(table: Table) -> Any:
    import polars as pl

    def series(column: Column) -> Any:
        if column.categories is None:
            return pl.Series(column.name, column.values)
        codes = pl.Series(column.values).fill_nan(None).cast(pl.UInt32)
        categories = list(column.categories)
        return pl.Series(column.name, categories, dtype=pl.Enum(categories)).gather(codes)

    return pl.DataFrame([series(column) for column in table.columns])


def _pandas(table: Table) -> Any:
    import pandas as pd

    def values(column: Column) -> Any:
        if column.categories is None:
            return column.values
        return pd.Categorical(column.texts(), categories=list(column.categories))

    return pd.DataFrame({column.name: values(column) for column in table.columns})


def _array(table: Table) -> NDArray[Any]:
    kind = object if _categorical(table) else np.float64
    rows = np.empty((table.n_rows, len(table.columns)), dtype=kind)
    for j, column in enumerate(table.columns):
        rows[:, j] = column.values if column.categories is None else column.texts()
    return rows


def _categorical(table: Table) -> list[int]:
    return [j for j, column in enumerate(table.columns) if column.categories is not None]
