"""Fitted models in safetensors files: arrays, and JSON in the header. Nothing is executed at load.

Layout: the tensors are the core's state of the model; the header's entry ``setpoint`` is a JSON
object with the version that wrote it, the class, its hyperparameters, classes, columns and
categories.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from sklearn.utils.validation import check_is_fitted

from setpoint.estimators.base import SweepData, SweepEstimator
from setpoint.estimators.columns import Columns
from setpoint.estimators.scaled import behind_scaler, describe_scaler, scaler_and_model
from setpoint.estimators.seeds import Seed
from setpoint.files import replacing
from setpoint.hyperparameters import Hyperparameters

__all__ = ["load", "save"]

_FORMAT = 1
_KEY = "setpoint"
_WIDEST = 2**20  # bytes of a label: a type in a damaged file must not take all memory


def save(model: Any, path: str | Path) -> None:
    """Write a fitted model, alone or behind a scaler, to a safetensors file; `load` reads it.

    Parameters
    ----------
    model : estimator or Pipeline
        Fitted: an estimator of setpoint, or a pipeline of a `sklearn.preprocessing.StandardScaler`
        and one.
    path : str or Path
        Replaced whole, or left as it is if writing fails.

    Raises
    ------
    TypeError
        If it is another pipeline, or an estimator that `load` does not know: not one of setpoint's,
        or of a class derived from one.
    """
    scaler, model = scaler_and_model(model)
    _refuse_unknown(model)
    check_is_fitted(model)
    header = {_KEY: json.dumps(_describe(model) | describe_scaler(scaler))}
    state = model.__dict__["_model"].state()
    tensors = {name: np.ascontiguousarray(array) for name, array in state.items()}
    with replacing(path) as partial:
        save_file(tensors, partial, metadata=header)


def load(path: str | Path) -> Any:
    """Read a model that `save` wrote.

    Every value and index is checked; nothing in the file is executed.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    estimator
        Fitted, of the class that was saved; behind its scaler if it was saved with one.

    Raises
    ------
    ValueError
        If the file is not such a model.
    OSError
        If it cannot be read.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no model file at {str(path)!r}")
    try:
        with safe_open(path, framework="numpy") as file:
            header = (file.metadata() or {}).get(_KEY)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{str(path)!r} is not a safetensors file: {error}") from error
    if header is None:
        raise ValueError(f"{str(path)!r} holds tensors, but no setpoint model")
    try:
        described = json.loads(header)
        json.dumps(described, ensure_ascii=False).encode()  # half a character is an error here
        return _rebuild(described, state)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"the header of {str(path)!r} is damaged: {error!r}") from error
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error


def _refuse_unknown(model: Any) -> None:
    from setpoint.families import estimator_classes  # the registry imports the estimators

    kind = type(model)
    if estimator_classes().get(kind.__name__) is not kind:
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} is no estimator of setpoint, and could not be "
            "loaded again: save it with skops or joblib"
        )


def _describe(model: SweepEstimator) -> dict[str, Any]:
    columns: Columns = model.__dict__["_columns"]
    classes = model.__dict__.get("classes_", [])
    return {
        "format": _FORMAT,
        "version": version("setpoint"),
        "class": type(model).__name__,
        "hyperparameters": json.loads(model.hyperparameters.to_json()),
        "classes": [_labels(c) for c in (classes if isinstance(classes, list) else [classes])],
        "names": None if columns.names is None else columns.names.tolist(),
        "categories": [None if c is None else _labels(c) for c in columns.categories],
        "n_outputs": model.__dict__["n_outputs_"],
        "dtype": model.__dict__["_dtype"].name,
        **model._to_header(),
    }


def _rebuild(header: dict[str, Any], state: dict[str, NDArray[Any]]) -> Any:
    from setpoint.families import estimator_classes  # the registry imports the estimators

    if header["format"] != _FORMAT:
        raise ValueError(
            f"format {header['format']!r} is not known; this version reads {_FORMAT}. The file was "
            f"written by setpoint {header['version']}"
        )
    if not isinstance(header["version"], str):
        raise ValueError(f"{header['version']!r} is no version")
    kind = estimator_classes().get(header["class"])
    if kind is None:
        raise ValueError(f"no estimator is called {header['class']!r}")
    declared = kind.declarations()
    text = json.dumps(header["hyperparameters"])
    estimator = kind(**Hyperparameters.values_from_json(text, declared))
    classes = [_array(labels) for labels in header["classes"]]
    known = tuple(None if labels is None else _array(labels) for labels in header["categories"])
    names = header["names"]
    model = kind._model_of(state)
    _agree("columns", model.n_features, len(known))
    _agree("names of columns", len(known), len(names) if names is not None else len(known))
    _agree("outputs", model.n_outputs, header["n_outputs"])
    _agree("classes", list(model.n_classes), [len(labels) for labels in classes])
    if names is not None and not (
        isinstance(names, list) and all(isinstance(name, str) for name in names)
    ):
        raise ValueError("names of columns must be a list of texts")
    columns = Columns(len(known), None if names is None else np.array(names, object), known)
    if columns.categorical.any() and names is not None and len(set(names)) < len(names):
        raise ValueError("categorical columns are told apart by their names, and two are the same")
    if header["dtype"] not in ("float32", "float64"):
        raise ValueError(f"a model of rows of type {header['dtype']!r} is not known")
    nothing = np.empty((0, len(known)), header["dtype"])
    data = SweepData(nothing, np.empty((0, model.n_outputs)), None, classes, columns, Seed())
    estimator._adopt(data, model, {})
    estimator.__dict__.update(estimator._from_header(header))
    return behind_scaler(estimator, header)


def _agree(what: str, tensors: Any, header: Any) -> None:
    if tensors != header:
        raise ValueError(f"number of {what}: {tensors} in the tensors, {header} in the header")


def _labels(array: NDArray[Any]) -> dict[str, Any]:
    """Class labels or categories as JSON."""
    if array.dtype.kind == "T":
        array = array.astype(object)
    values = array.tolist()
    if array.dtype.kind not in "biufUO" or not all(
        isinstance(value, bool | int | float | str) for value in values
    ):
        kinds = sorted({type(value).__name__ for value in values})
        raise ValueError(
            f"labels of type {', '.join(kinds)} cannot be saved: make them text or numbers and "
            "fit again"
        )
    return {"dtype": array.dtype.str, "values": values}


def _array(labels: dict[str, Any]) -> NDArray[Any]:
    """The reverse: all of one kind, each once."""
    dtype, values = np.dtype(str(labels["dtype"])), labels["values"]
    if dtype.kind not in "biufUO" or dtype.itemsize > _WIDEST:
        raise ValueError(f"labels of type {dtype} are not known")
    if not isinstance(values, list) or not all(type(v) in (bool, int, float, str) for v in values):
        raise ValueError("labels must be a list of texts or numbers")
    array = np.array(values, dtype=dtype)
    if array.tolist() != values or len(set(values)) < len(values):
        raise ValueError(f"labels of type {dtype} cannot be {values}")
    return array
