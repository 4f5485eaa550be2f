"""Categorical columns: which they are, what categories they hold, and the codes of their values.

A code is the position of the value among the categories that were learned; a value that is missing
or was not learned has the code NaN.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

__all__ = ["categorical_mask", "codes", "learn_categories", "refuse_text"]

_MOST = 2**24  # float32, the core's type for codes, holds every integer up to here
_DTYPES = (nw.Categorical, nw.Enum)


def categorical_mask(
    frame: nw.DataFrame[Any] | None, X: Any, spec: Any
) -> NDArray[np.bool_] | None:
    """Which columns are categorical, shape (n_features,); None if none is.

    Parameters
    ----------
    frame : data frame or None
        `X`, where it is a data frame.
    X : array-like
        The input.
    spec : None, "from_dtype" or array-like
        The hyperparameter `categorical_features`: indices, names or a mask.
    """
    if spec is None or (frame is None and isinstance(spec, str)):
        return None
    if isinstance(spec, str):
        assert frame is not None
        mask = np.array([dtype in _DTYPES for dtype in frame.schema.dtypes()], dtype=np.bool_)
    else:
        mask = _named(np.asarray(spec), X.shape[1], frame.columns if frame is not None else None)
    return mask if mask.any() else None


def _named(chosen: NDArray[Any], n: int, names: Sequence[str] | None) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=np.bool_)
    if chosen.size == 0:
        return mask
    if chosen.dtype.kind == "b":
        if chosen.shape != (n,):
            raise ValueError(
                "categorical_features as a boolean mask must have one entry for each of the "
                f"{n} columns, got shape {chosen.shape}."
            )
        return chosen.astype(np.bool_)
    if chosen.dtype.kind in "iu":
        if chosen.min() < 0 or chosen.max() >= n:
            raise ValueError(
                f"categorical_features as indices must lie in [0, {n - 1}], got {chosen.tolist()}."
            )
        mask[chosen] = True
        return mask
    if not all(isinstance(name, str) for name in chosen.tolist()):
        raise ValueError(
            "categorical_features must be an array-like of bool, int or str, "
            f"got {chosen.tolist()!r}."
        )
    if names is None:
        raise ValueError(
            f"categorical_features={chosen.tolist()} names columns, but X has no column names. "
            "Pass a data frame, or give the columns' indices."
        )
    if unknown := [name for name in chosen.tolist() if name not in names]:
        raise ValueError(
            f"categorical_features names {unknown}, which X does not have. Its columns are "
            f"{list(names)}."
        )
    return np.isin(np.asarray(names, dtype=object), chosen.astype(object))


def refuse_text(frame: nw.DataFrame[Any], mask: NDArray[np.bool_] | None) -> None:
    """Raise `ValueError` for a column that is neither numeric nor categorical."""
    for j, (name, dtype) in enumerate(frame.schema.items()):
        if (mask is not None and mask[j]) or dtype.is_numeric() or dtype == nw.Boolean:
            continue
        if dtype == nw.Object and _all_numbers(frame[name]):
            continue
        pandas = nw.dependencies.is_pandas_dataframe(frame.to_native())
        remedy = (
            f'X["{name}"] = X["{name}"].astype("category")'
            if pandas
            else f'X = X.with_columns(pl.col("{name}").cast(pl.Categorical))'
        )
        raise ValueError(
            f"column {name!r} of X has dtype {frame[name].to_native().dtype}: neither numeric nor "
            f"categorical. If it holds categories, say so: {remedy}, or "
            f'categorical_features=["{name}"]; otherwise turn it into numbers or drop it.'
        )


def _all_numbers(column: nw.Series[Any]) -> bool:
    try:
        np.asarray(column.to_numpy()).astype(np.float32)
    except (TypeError, ValueError):
        return False
    return True


def learn_categories(column: Any, position: int) -> NDArray[Any]:
    """The categories of one column: those of its dtype, else its distinct values, sorted."""
    if isinstance(column, nw.Series):
        native = column.to_native()
        if column.dtype == nw.Enum or (column.dtype == nw.Categorical and hasattr(native, "cat")):
            if hasattr(native.cat, "categories"):  # pandas
                return _bounded(np.asarray(native.cat.categories), position)
            if column.dtype == nw.Enum:  # polars
                return _bounded(np.array(native.dtype.categories.to_list(), object), position)
        values = _values(column)
    else:
        values = np.asarray(column)
    if values.dtype.kind == "f":
        return _bounded(np.unique(values[~np.isnan(values)]), position)
    if values.dtype.kind != "O":
        return _bounded(np.unique(values), position)
    present = {value for value in values.tolist() if not _missing(value)}
    try:
        return _bounded(np.array(sorted(present), dtype=object), position)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in present})
        raise ValueError(
            f"categorical column {position} of X mixes {', '.join(kinds)}, which have no common "
            "order. Make them one type, for example text with str()."
        ) from None


def codes(column: Any, known: NDArray[Any]) -> NDArray[np.float32]:
    """Positions of the values among `known`; NaN where missing or unknown."""
    if isinstance(column, nw.Series):
        native = column.to_native()
        if hasattr(native, "cat") and hasattr(native.cat, "categories"):  # pandas
            # One look-up for each category of the dtype, then one gather.
            place = _look_up(np.asarray(native.cat.categories).tolist(), known)
            table = np.append(place, np.float32(np.nan))  # code -1 (missing) is the last
            return np.asarray(table[native.cat.codes.to_numpy()])
        values = _values(column)
    else:
        values = np.asarray(column)
    if values.dtype.kind in "fiub" and known.dtype.kind in "fiub":
        if not len(known):
            return np.full(len(values), np.nan, dtype=np.float32)
        place = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[place] == values, place, np.nan).astype(np.float32)
    return _look_up(values.tolist(), known)


def _look_up(values: list[Any], known: NDArray[Any]) -> NDArray[np.float32]:
    place = {value: float(i) for i, value in enumerate(known.tolist())}
    return np.array([place.get(value, np.nan) for value in values], dtype=np.float32)


def _values(column: nw.Series[Any]) -> NDArray[Any]:
    if column.dtype in _DTYPES:
        column = column.cast(nw.String)
    if column.dtype.is_numeric() and not column.is_null().any():
        return np.asarray(column.to_numpy())
    return np.array(column.to_list(), dtype=object)


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, float) and value != value):
        return True
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is pandas.NA or value is pandas.NaT)


def _bounded(categories: NDArray[Any], position: int) -> NDArray[Any]:
    if len(categories) > _MOST:
        raise ValueError(
            f"column {position} of X has {len(categories):,} categories; at most {_MOST:,} can be "
            "told apart. A column that is nearly unique for each row carries no category: drop it."
        )
    return categories
