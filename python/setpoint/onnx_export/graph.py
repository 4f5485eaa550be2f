"""A graph of ONNX operators, built one call at a time. Knows no models."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["ML", "OPSETS", "Graph"]

ML = "ai.onnx.ml"
OPSETS = {"": 18, ML: 5}
"""Versions of the operators: TreeEnsemble came with 5 of ai.onnx.ml."""

Value = str
"""The name of a tensor in the graph."""


class Graph:
    """Operators, constants and outputs.

    Parameters
    ----------
    parent : Graph or None
        The graph that holds this one as the body of an operator; names differ from its names.
    """

    def __init__(self, parent: Graph | None = None) -> None:
        self._numbers: Any = count() if parent is None else parent._numbers
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def __call__(self, operator: str, *inputs: Value, domain: str = "", **attributes: Any) -> Value:
        """Apply an operator with one output."""
        out = self._name(operator)
        node = helper.make_node(operator, list(inputs), [out], domain=domain, **attributes)
        self._nodes.append(node)
        return out

    def constant(self, array: Any) -> Value:
        """A tensor of these values."""
        name = self._name("constant")
        self._constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def cast(self, value: Value, dtype: Any) -> Value:
        """The same numbers in another type."""
        return self("Cast", value, to=_element(dtype))

    def input(self, name: str, dtype: Any, shape: list[Any]) -> Value:
        """A value that comes from outside."""
        self._inputs.append(helper.make_tensor_value_info(name, _element(dtype), shape))
        return name

    def output(self, name: str, value: Value, dtype: Any, shape: list[Any]) -> None:
        """Give out a value under a name of its own."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, _element(dtype), shape))

    def fold(
        self, state: Value, items: Value, step: Callable[[Graph, Value, Value], Value]
    ) -> Value:
        """Apply `step(body, state, item) -> state` for each row of `items`; the last state.

        States are float64 (n, k), items int64 (m, n).
        """
        body = Graph(self)
        before = body.input(self._name("state"), np.float64, [None, None])
        item = body.input(self._name("item"), np.int64, [None])
        body.output(self._name("next"), step(body, before, item), np.float64, [None, None])
        return self("Scan", state, items, body=body.proto("step"), num_scan_inputs=1)

    def repeat(self, times: int, state: Value, step: Callable[[Graph, Value], Value]) -> Value:
        """Apply `step(body, state) -> state` some times; the state is float64."""
        body = Graph(self)
        body.input(self._name("turn"), np.int64, [])
        go_on = body.input(self._name("go_on"), np.bool_, [])
        before = body.input(self._name("state"), np.float64, [None, None])
        after = step(body, before)
        body.output(self._name("go_on"), go_on, np.bool_, [])
        body.output(self._name("next"), after, np.float64, [None, None])
        turns, yes = self.constant(np.int64(times)), self.constant(np.bool_(True))
        return self("Loop", turns, yes, state, body=body.proto("step"))

    def proto(self, name: str) -> onnx.GraphProto:
        """The graph as ONNX has it."""
        return helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )

    def _name(self, of: str) -> str:
        return f"{of.lower()}_{next(self._numbers)}"


def _element(dtype: Any) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def tensor(name: str, array: NDArray[Any]) -> onnx.TensorProto:
    """A tensor as an attribute of an operator."""
    return numpy_helper.from_array(array, name)
