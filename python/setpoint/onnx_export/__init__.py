"""Fitted models as ONNX graphs: what goes in, what comes out, and which family is written how.

A family is a line in `_add_outputs`; its operators are in a file of its own.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from setpoint.estimators.base import SweepEstimator
from setpoint.estimators.forest_base import Forest
from setpoint.estimators.network_base import NetworkEstimator
from setpoint.estimators.nu_svm import OneClassSVM
from setpoint.estimators.scores import ScoreClassifier
from setpoint.estimators.svm import PairClassifier
from setpoint.estimators.svm_base import KernelMachine
from setpoint.files import replacing
from setpoint.onnx_export.forests import forest_values
from setpoint.onnx_export.graph import OPSETS, Graph, Value
from setpoint.onnx_export.machines import class_values, coupled, decisions
from setpoint.onnx_export.networks import network_outputs
from setpoint.onnx_export.scores import linear_scores, probabilities

__all__ = ["onnx_model", "save_onnx"]

_IR_VERSION = 9
_ROWS = "n"


def save_onnx(model: SweepEstimator, path: str | Path, *, dtype: str | None = None) -> None:
    """Write a fitted model as ONNX; see `SweepEstimator.to_onnx`.

    Parameters
    ----------
    model : estimator
        Fitted.
    path : str or Path
        Replaced whole, or left as it is if writing fails.
    dtype : {"float32", "float64"} or None
        The type of the graph's input; None: that of the training rows.
    """
    written = onnx_model(model, dtype=dtype)
    with replacing(path) as partial:
        onnx.save_model(written, partial)


def onnx_model(model: SweepEstimator, *, dtype: str | None = None) -> onnx.ModelProto:
    """A fitted model as ONNX, checked.

    Parameters
    ----------
    model : estimator
        Fitted.
    dtype : {"float32", "float64"} or None
        The type of the graph's input; None: that of the training rows.

    Raises
    ------
    ValueError
        If something of the model has no form in ONNX.
    """
    check_is_fitted(model)
    if dtype not in (None, "float32", "float64"):
        raise ValueError(f"dtype must be 'float32', 'float64' or None, got {dtype!r}")
    given = np.dtype(dtype) if dtype else model.__dict__["_dtype"]
    graph = Graph()
    rows = graph.input("X", given, [_ROWS, model.__dict__["n_features_in_"]])
    if isinstance(model, Forest):
        rows = graph.cast(rows, np.float32)  # as the forest reads them
    _add_outputs(graph, model, graph.cast(rows, np.float64))
    written = helper.make_model(
        graph.proto(type(model).__name__),
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in OPSETS.items()],
        ir_version=_IR_VERSION,
        producer_name="setpoint",
        producer_version=version("setpoint"),
    )
    helper.set_model_props(written, _properties(model))
    onnx.checker.check_model(written)
    return written


def _properties(model: SweepEstimator) -> dict[str, str]:
    """What a reader of the file may want to know: the columns, and their categories."""
    columns = model.__dict__["_columns"]
    properties = {"class": type(model).__name__}
    if columns.names is not None:
        properties["feature_names"] = json.dumps(columns.names.tolist())
    if columns.categorical.any():
        known = [None if labels is None else labels.tolist() for labels in columns.categories]
        properties["categories"] = json.dumps(known)
    return properties


def _add_outputs(graph: Graph, model: Any, rows: Value) -> None:
    if isinstance(model, KernelMachine):
        _machine(graph, model, rows)
    elif isinstance(model, ScoreClassifier):
        _scored(graph, model, rows)
    elif isinstance(model, Forest | NetworkEstimator):
        add = forest_values if isinstance(model, Forest) else network_outputs
        values = add(graph, model, rows)
        if not is_classifier(model):
            _numbers(graph, model, values)
        elif isinstance(model, Forest):
            _shares(graph, model, values)
        else:
            _network_classes(graph, model, values)
    else:
        _numbers(graph, model, linear_scores(graph, model, rows))


def _numbers(graph: Graph, model: Any, values: Value) -> None:
    """The predictions of a regressor, in the shape that `predict` gives."""
    n_outputs = model._fitted_model().n_outputs
    flat = model.__dict__.get("_flat", n_outputs == 1)
    if flat:
        graph.output("prediction", _column(graph, values), np.float64, [_ROWS])
    else:
        graph.output("prediction", values, np.float64, [_ROWS, n_outputs])


def _scored(graph: Graph, model: Any, rows: Value) -> None:
    """Classes from scores."""
    scores = linear_scores(graph, model, rows)
    labels, n_classes = model.classes_, len(model.classes_)
    if n_classes == 2:
        best = graph.cast(graph("Greater", _column(graph, scores), _zero(graph)), np.int64)
        graph.output("scores", _column(graph, scores), np.float64, [_ROWS])
    else:
        best = graph("ArgMax", scores, axis=1, keepdims=0)
        graph.output("scores", scores, np.float64, [_ROWS, n_classes])
    _label(graph, best, labels)
    if hasattr(model, "predict_proba"):
        shares = probabilities(graph, scores, model._link(), n_classes)
        graph.output("probabilities", shares, np.float64, [_ROWS, n_classes])


def _shares(graph: Graph, model: Any, values: Value) -> None:
    """Classes from probabilities, side by side for several outputs."""
    several = isinstance(model.classes_, list)
    by_output = model.classes_ if several else [model.classes_]
    ends = np.cumsum([0, *map(len, by_output)])
    dtype = by_output[0].dtype
    found = []
    for k, labels in enumerate(by_output):
        part = _slice(graph, values, ends[k], ends[k + 1]) if several else values
        name = f"probabilities_{k}" if several else "probabilities"
        graph.output(name, part, np.float64, [_ROWS, len(labels)])
        best = graph("ArgMax", part, axis=1, keepdims=int(several))
        found.append(graph("Gather", graph.constant(_plain(labels.astype(dtype))), best))
    shape = [_ROWS, len(found)] if several else [_ROWS]
    label = graph("Concat", *found, axis=1) if several else found[0]
    graph.output("label", label, _plain(by_output[0]).dtype, shape)


def _network_classes(graph: Graph, model: Any, values: Value) -> None:
    """Classes from the last layer: a probability for each, or of two the second's."""
    if isinstance(model.classes_, list):
        return _network_labels(graph, model.classes_, values)
    n_classes = len(model.classes_)
    if n_classes == 2:
        best = graph.cast(_column(graph, _second_of_two(graph, values)), np.int64)
        rest = graph("Sub", graph.constant(np.float64(1.0)), values)
        values = graph("Concat", rest, values, axis=1)
    elif n_classes == 1:
        raise ValueError("the network knows one class only: there is nothing to predict")
    else:
        best = graph("ArgMax", values, axis=1, keepdims=0)
    graph.output("probabilities", values, np.float64, [_ROWS, n_classes])
    _label(graph, best, model.classes_)


def _network_labels(graph: Graph, classes: list[NDArray[Any]], values: Value) -> None:
    """Several labels at once, of one or two classes each."""
    only = graph.constant(np.array([[len(labels) == 1 for labels in classes]]))
    values = graph("Where", only, graph.constant(np.float64(1.0)), values)
    graph.output("probabilities", values, np.float64, [_ROWS, len(classes)])
    above = graph.cast(_second_of_two(graph, values), np.int64)
    each = []
    for k, labels in enumerate(classes):
        both = labels[[0, -1]].astype(classes[0].dtype)
        each.append(graph("Gather", graph.constant(_plain(both)), _slice(graph, above, k, k + 1)))
    label = graph("Concat", *each, axis=1)
    graph.output("label", label, _plain(classes[0]).dtype, [_ROWS, len(each)])


def _machine(graph: Graph, model: Any, rows: Value) -> None:
    """Support vector machines: classes, numbers, or inliers."""
    if callable(model.kernel):
        raise ValueError(
            f"kernel={model.kernel!r} is a Python function, which ONNX cannot hold. Fit with "
            'kernel="precomputed" and give the graph the values of the kernel.'
        )
    values = decisions(graph, model, rows)
    if isinstance(model, PairClassifier):
        _pairs(graph, model, values)
    elif isinstance(model, OneClassSVM):
        score = _column(graph, values)
        inside = graph("GreaterOrEqual", score, _zero(graph))
        one, minus_one = (graph.constant(np.int64(side)) for side in (1, -1))
        graph.output("label", graph("Where", inside, one, minus_one), np.int64, [_ROWS])
        graph.output("scores", score, np.float64, [_ROWS])
    else:
        graph.output("prediction", _column(graph, values), np.float64, [_ROWS])


def _pairs(graph: Graph, model: Any, values: Value) -> None:
    labels, n_classes = model.classes_, len(model.classes_)
    n_pairs = n_classes * (n_classes - 1) // 2
    if n_classes == 2:
        score = _column(graph, values)
        best = graph.cast(graph("Greater", score, _zero(graph)), np.int64)
        graph.output("scores", score, np.float64, [_ROWS])
    else:
        by_class = class_values(graph, values, n_classes, bool(model.break_ties))
        best = graph("ArgMax", by_class, axis=1, keepdims=0)
        if model.decision_function_shape == "ovr":
            scores = class_values(graph, values, n_classes, True)
            graph.output("scores", scores, np.float64, [_ROWS, n_classes])
        else:
            graph.output("scores", values, np.float64, [_ROWS, n_pairs])
    _label(graph, best, labels)
    if model._fitted_model().state().keys() & {"sigmoid", "isotonic_lengths"}:
        shares = coupled(graph, model, values, n_classes)
        graph.output("probabilities", shares, np.float64, [_ROWS, n_classes])


def _label(graph: Graph, best: Value, labels: NDArray[Any]) -> None:
    plain = _plain(labels)
    graph.output("label", graph("Gather", graph.constant(plain), best), plain.dtype, [_ROWS])


def _plain(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels in a type that ONNX has: int64, float64, bool or text."""
    values = np.array(labels.tolist())
    if values.dtype.kind in "iu" and (not values.size or values.max() < 2**63):
        return values.astype(np.int64)
    if values.dtype.kind in "fb":
        return values
    if values.dtype.kind == "U" and all(isinstance(label, str) for label in labels.tolist()):
        return values.astype(object)
    raise ValueError(f"labels {labels.tolist()!r} have no common type in ONNX: make them all text")


def _second_of_two(graph: Graph, p: Value) -> Value:
    """Whether the second of two classes, whose probability is p, is the more probable one."""
    return graph("Greater", p, graph("Sub", graph.constant(np.float64(1.0)), p))


def _slice(graph: Graph, values: Value, first: int, last: int) -> Value:
    """Columns `first` to `last` - 1."""
    return graph("Slice", values, *(graph.constant(np.array([i])) for i in (first, last, 1)))


def _column(graph: Graph, values: Value) -> Value:
    """One column as a vector."""
    return graph("Squeeze", values, graph.constant(np.array([1])))


def _zero(graph: Graph) -> Value:
    return graph.constant(np.float64(0.0))
