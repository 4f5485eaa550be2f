"""What the losses of a training tell: whether it was too short, too long, or about right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["diagnose"]

_RISE = 0.05  # a validation loss this much above its least one has turned
_FALL = 0.02  # a loss that falls this much in the last tenth of the epochs still falls


def diagnose(history: Mapping[str, Any]) -> str:
    """One paragraph about a training.

    Parameters
    ----------
    history : mapping
        ``losses`` and ``validation_losses`` by epoch.
    """
    training = np.asarray(history["losses"], dtype=float)
    validation = np.asarray(history["validation_losses"], dtype=float)
    if not len(training):
        return "Not trained: no epoch was made."
    n = len(training)
    if not len(validation):
        advice = "; it still falls: raise max_iter" if _falls(training) else ""
        return (
            f"Training loss {training[-1]:.4g} after {n} epochs{advice}. Set early_stopping=True "
            "to see by rows kept back whether the network overfits."
        )
    training = training[-len(validation) :]  # a start of another rule kept no rows back
    best = int(np.argmin(validation))
    seen = (
        f"training loss {training[-1]:.4g}, validation loss {validation[-1]:.4g} after {n} epochs"
    )
    if validation[-1] > (1 + _RISE) * validation[best] and training[-1] < training[best]:
        return (
            f"Overfits: {seen}; the validation loss was least, {validation[best]:.4g}, after epoch "
            f"{best + 1}. Stop there (max_iter={best + 1}, or keep='best'), or raise alpha, "
            "weight_decay or dropout, or take fewer neurons."
        )
    if _falls(training) and _falls(validation):
        return (
            f"Underfits: {seen}; both still fall. Raise max_iter or learning_rate_init, or take "
            "more neurons."
        )
    return f"Fits: {seen}; the validation loss was least after epoch {best + 1}."


def _falls(losses: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    tenth = max(len(losses) // 10, 1)
    if len(losses) <= tenth:
        return False
    return bool(losses[-1] < (1 - _FALL) * losses[-1 - tenth])
