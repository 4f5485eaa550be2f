"""Trees as text, with categorical splits, which scikit-learn's `export_text` does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from setpoint.estimators.forest_base import Forest

__all__ = ["NodeTexts", "export_text"]


def export_text(
    model: Forest,
    tree: int = 0,
    *,
    feature_names: Sequence[str] | None = None,
    decimals: int = 2,
    max_depth: int | None = None,
) -> str:
    """Write one tree of a forest as text, a line for each split and leaf.

    Parameters
    ----------
    model : forest
        Fitted.
    tree : int
        Which tree.
    feature_names : sequence of str or None
        Names of the columns; None: those seen in fit, else ``x[0]``, ``x[1]``, ...
    decimals : int
        Digits after the point.
    max_depth : int or None
        Deeper nodes are counted, not written.

    Returns
    -------
    str
        The tree.

    Examples
    --------
    >>> from setpoint import RandomForestRegressor, export_text
    >>> stump = RandomForestRegressor(1, bootstrap=False, max_depth=1)
    >>> print(export_text(stump.fit([[0], [1], [2], [3]], [0, 0, 8, 8])))
    x[0] <= 1.50
        value 0.00 (2 rows)
    x[0] > 1.50
        value 8.00 (2 rows)
    """
    check_is_fitted(model)
    trees = len(model.estimators_)
    if not 0 <= tree < trees:
        raise ValueError(f"tree must be an int in [0, {trees - 1}], got {tree!r}")
    texts = NodeTexts(model, feature_names, decimals)
    return "\n".join(_Writer(model, texts, max_depth).lines(tree))


class NodeTexts:
    """What stands at the nodes of a forest's trees: rules, and answers of leaves.

    Parameters
    ----------
    model : forest
        Fitted.
    names : sequence of str or None
        Names of the columns; None: those seen in fit, else ``x[0]``, ``x[1]``, ...
    decimals : int
        Digits after the point.
    """

    def __init__(
        self, model: Forest, names: Sequence[str] | None = None, decimals: int = 2
    ) -> None:
        columns = model.__dict__["_columns"]
        given = names if names is not None else columns.names
        self.names = (
            [f"x[{i}]" for i in range(columns.n_features)] if given is None else list(given)
        )
        if len(self.names) != columns.n_features:
            raise ValueError(
                f"feature_names must have {columns.n_features} names, got {len(self.names)}"
            )
        self.model, self.decimals = model, decimals
        self.categories = columns.categories

    def rules(self, arrays: Mapping[str, Any], node: int) -> tuple[str, str]:
        """When a row goes left, and when right."""
        feature = int(arrays["feature"][node])
        name, codes = self.names[feature], arrays["categories"][node]
        if codes is not None:
            known = self.categories[feature]
            shown = ", ".join(str(code if known is None else known[code]) for code in codes)
            return f"{name} in {{{shown}}}", f"{name} not in {{{shown}}}"
        cut = f"{arrays['threshold'][node]:.{self.decimals}f}"
        return f"{name} <= {cut}", f"{name} > {cut}"

    def answer(self, arrays: Mapping[str, Any], node: int) -> str:
        """What is predicted at a node."""
        classes = self.model.__dict__.get("classes_")
        value: NDArray[np.float64] = arrays["value"][node]
        if classes is None:
            return f"value {self._numbers(value[:, 0])}"
        by_output = classes if isinstance(classes, list) else [classes]
        labels = ", ".join(str(c[value[k, : len(c)].argmax()]) for k, c in enumerate(by_output))
        shares = "; ".join(self._numbers(value[k, : len(c)]) for k, c in enumerate(by_output))
        return f"class {labels} [{shares}]"

    def _numbers(self, values: NDArray[np.float64]) -> str:
        return ", ".join(f"{value:.{self.decimals}f}" for value in values)


class _Writer:
    def __init__(self, model: Forest, texts: NodeTexts, max_depth: int | None) -> None:
        self.model, self.texts, self.max_depth = model, texts, max_depth

    def lines(self, tree: int) -> list[str]:
        arrays = self.model.__dict__["_model"].tree(tree)
        lines: list[str] = []
        # Depth first, left before right; a text waits until what is left of it is written.
        waiting: list[tuple[int, int, str]] = [(0, 0, "")]
        while waiting:
            node, depth, rule = waiting.pop()
            if rule:
                lines.append("    " * (depth - 1) + rule)
            left, rows = int(arrays["children_left"][node]), arrays["n_node_samples"][node]
            if left < 0:
                lines.append("    " * depth + f"{self.texts.answer(arrays, node)} ({rows} rows)")
            elif self.max_depth is not None and depth >= self.max_depth:
                lines.append("    " * depth + f"... {rows} rows")
            else:
                go_left, go_right = self.texts.rules(arrays, node)
                waiting.append((int(arrays["children_right"][node]), depth + 1, go_right))
                waiting.append((left, depth + 1, go_left))
        return lines
