"""Which classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import confusion_matrix

from setpoint.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(model: Any, X: Any, y: Any, *, normalize: bool = False, ax: Axes | None = None) -> Axes:
    """A matrix of true (rows) and predicted (columns) classes."""
    if not is_classifier(model):
        raise ValueError(
            f"{type(model).__name__} predicts numbers: there are no classes to confuse"
        )
    labels = model.classes_
    if isinstance(labels, list):
        raise ValueError("the model has several outputs; a confusion matrix is of one")
    counts = confusion_matrix(y, model.predict(X), labels=labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    k = len(labels)
    side = min(max(3.6, 1.4 + 0.55 * k), 9.0)
    ax = style.axes(ax, (side + 0.6, side))
    ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if k <= 20:
        for i, j in np.ndindex(k, k):
            if counts[i, j]:
                ax.text(
                    j, i, f"{100 * shares[i, j]:.0f} %" if normalize else f"{counts[i, j]:,}",
                    ha="center", va="center", fontsize=9 if k <= 12 else 7,
                    color="white" if shares[i, j] > 0.55 else "#223040",
                )  # fmt: skip
    names = [str(label) for label in labels]
    ax.set_xticks(range(k), names, rotation=45 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(range(k), names)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.spines[:].set_visible(False)
    right = np.trace(counts) / max(counts.sum(), 1)
    ax.set_title(f"{100 * right:.1f} % of {counts.sum():,} rows right", fontsize=10)
    return ax
