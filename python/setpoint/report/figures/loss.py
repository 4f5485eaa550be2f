"""The loss of a training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(model: Any, ax: Axes | None = None) -> Axes:
    """Training loss, and the validation loss where rows were kept back."""
    losses = getattr(model, "loss_curve_", None)
    if losses is None:
        raise ValueError(
            f"{type(model).__name__} is not trained epoch by epoch, so it has no loss curve; "
            "networks and gradient descent do"
        )
    ax = style.axes(ax)
    _line(ax, losses, style.TRAINING, "training loss")
    validation = getattr(model, "validation_loss_curve_", None)
    if validation is not None and len(validation):
        _line(ax, validation, style.HELD_OUT, "validation loss")
        best = int(np.argmin(validation))
        label = f"least after epoch {best + 1}"
        ax.axvline(best + 1, color=style.BEST, linestyle="--", linewidth=1, label=label)
    values = np.concatenate([losses, validation if validation is not None else []])
    if len(values) > 2 and values.min() > 0 and values.max() / values.min() > 20:
        ax.set_yscale("log")
    style.whole_numbers(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    style.legend(ax)
    return ax


def _line(ax: Any, losses: Any, colour: str, label: str) -> None:
    marker = "o" if len(losses) < 30 else None
    ax.plot(np.arange(1, len(losses) + 1), losses, color=colour, label=label, marker=marker, ms=3)
