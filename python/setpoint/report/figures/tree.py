"""One tree of a forest as boxes and lines. The words in the boxes are those of `export_text`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.estimators.export import NodeTexts
from setpoint.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_HEIGHT, _BOX_WIDTH = 0.95, 1.55


@dataclass
class Node:
    """A node at its place: x is counted in leaves from the left, y in splits from the root."""

    number: int
    depth: int
    x: float = 0.0
    children: list[Node] = field(default_factory=list)


def draw(model: Any, tree: int = 0, *, max_depth: int | None = 3, ax: Axes | None = None) -> Axes:
    """Boxes coloured by what is predicted."""
    texts = NodeTexts(model)
    arrays = model.__dict__["_model"].tree(_checked(model, tree))
    root = _laid_out(arrays, max_depth)
    nodes = _flat(root)
    width = max(node.x for node in nodes) + 1
    depth = max(node.depth for node in nodes) + 1
    ax = style.axes(ax, (max(4.0, _BOX_WIDTH * width), max(2.0, _ROW_HEIGHT * depth)))
    colour = _colours(model, arrays)
    for node in nodes:
        for child, word in zip(node.children, ("yes", "no"), strict=False):
            ax.plot([node.x, child.x], [-node.depth, -child.depth], color=style.QUIET, zorder=0)
            if node is root:
                middle = (node.x + child.x) / 2, -(node.depth + child.depth) / 2
                ax.text(*middle, word, ha="center", va="center", fontsize=8, color="#5a6470",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        face, ink = colour(node.number)
        ax.text(
            node.x, -node.depth, _words(texts, arrays, node), color=ink, ha="center", va="center", 
            fontsize=7.5,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": face, "edgecolor": "#8a939e"},
        )  # fmt: skip
    ax.set_xlim(-0.6, width - 0.4)
    ax.set_ylim(-depth + 0.5, 0.5)
    ax.set_axis_off()
    return ax


def _checked(model: Any, tree: int) -> int:
    n = len(model.estimators_)
    if not 0 <= tree < n:
        raise ValueError(f"tree must be an int in [0, {n - 1}], got {tree!r}")
    return tree


def _laid_out(arrays: Mapping[str, Any], max_depth: int | None) -> Node:
    """The nodes down to a depth; leaves stand side by side, a parent over its children's middle."""
    root = Node(0, 0)
    waiting, ordered = [root], []
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        left = int(arrays["children_left"][node.number])
        if left >= 0 and (max_depth is None or node.depth < max_depth):
            right = int(arrays["children_right"][node.number])
            node.children = [Node(left, node.depth + 1), Node(right, node.depth + 1)]
            waiting += node.children[::-1]
    n_leaves = 0
    for node in ordered:  # depth first, left before right
        if not node.children:
            node.x, n_leaves = float(n_leaves), n_leaves + 1
    for node in reversed(ordered):
        if node.children:
            node.x = (node.children[0].x + node.children[1].x) / 2
    return root


def _flat(root: Node) -> list[Node]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += node.children
    return found


def _words(texts: NodeTexts, arrays: Mapping[str, Any], node: Node) -> str:
    if node.children:
        rule, _ = texts.rules(arrays, node.number)
        return f"{_short(rule)}\n{arrays['n_node_samples'][node.number]:,} rows"
    if arrays["children_left"][node.number] >= 0:
        return f"…\n{arrays['n_node_samples'][node.number]:,} rows"
    return f"{texts.answer(arrays, node.number)}\n{arrays['n_node_samples'][node.number]:,} rows"


def _short(rule: str) -> str:
    return rule if len(rule) <= 30 else rule[:29] + "…"


def _colours(model: Any, arrays: Mapping[str, Any]) -> Any:
    """The colour of a node's box and of the words in it: by class and how sure, or by value."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    values = np.asarray(arrays["value"])[:, 0, :]
    if model.__dict__.get("classes_") is None:
        low, high = float(values.min()), float(values.max())
        scale = colormaps["Blues"]

        def of_value(number: int) -> tuple[Any, str]:
            share = 0.05 + 0.75 * (values[number, 0] - low) / max(high - low, 1e-300)
            return scale(share), "white" if share > 0.55 else "#1c2733"

        return of_value
    palette = colormaps["tab10" if values.shape[1] <= 10 else "tab20"]

    def of_class(number: int) -> tuple[Any, str]:
        shares = values[number] / max(values[number].sum(), 1e-300)
        best, k = int(shares.argmax()), max(len(shares), 2)
        sure = 0.08 + 0.6 * (shares[best] - 1 / k) / (1 - 1 / k)
        base = np.array(to_rgb(palette(best % palette.N)))
        return tuple(1 - sure * (1 - base)), "#1c2733"

    return of_class
