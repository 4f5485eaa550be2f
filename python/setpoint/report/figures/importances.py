"""Importance of the columns of X to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    most: int = 20,
    n_repeats: int = 5,
    random_state: Any = 0,
    ax: Axes | None = None,
) -> Axes:
    """Bars from the most important column on."""
    if (X is None) != (y is None):
        raise ValueError("give both X and y, or neither")
    if X is None:
        values, errors, what = *_own(model), _meaning(model)
    else:
        from sklearn.inspection import permutation_importance

        found = permutation_importance(model, X, y, n_repeats=n_repeats, random_state=random_state)
        values, errors = found.importances_mean, found.importances_std
        what = "decrease of the score when the column is shuffled"
    shown = np.argsort(-np.abs(values), kind="stable")[:most]
    ax = style.axes(ax, (6.4, 1.0 + 0.28 * len(shown)))
    places = np.arange(len(shown))
    ax.barh(
        places, values[shown], xerr=None if errors is None else errors[shown],
        color=style.HELD_OUT, ecolor=style.QUIET, height=0.65,
    )  # fmt: skip
    ax.set_yticks(places, [_names(model)[i] for i in shown])
    ax.invert_yaxis()
    ax.axvline(0, color="#5a6470", linewidth=0.8)
    left = len(values) - len(shown)
    ax.set_xlabel(what + (f" ({left} columns not shown)" if left else ""))
    return ax


def _own(model: Any) -> tuple[Any, Any]:
    """What the model itself says of its columns."""
    if hasattr(model, "feature_importances_"):
        return np.asarray(model.feature_importances_), None
    coef = getattr(model, "coef_", None)
    if coef is None:
        raise ValueError(
            f"{type(model).__name__} says nothing of single columns by itself; give rows it has "
            "not been trained on, importances(X, y): how much worse it predicts them when a "
            "column is shuffled"
        )
    coef = coef.toarray() if hasattr(coef, "toarray") else np.asarray(coef)
    coef = np.atleast_2d(coef)
    # Of several outputs or classes: how large the coefficients of a column are.
    return (coef[0] if len(coef) == 1 else np.sqrt((coef**2).mean(axis=0))), None


def _meaning(model: Any) -> str:
    if hasattr(model, "feature_importances_"):
        return "share in the decrease of impurity"
    if len(np.atleast_2d(model.coef_.shape)) and np.ndim(model.coef_) > 1 and len(model.coef_) > 1:
        return "size of the coefficients (root mean square over the outputs)"
    return "coefficient: change of the score by one unit of the column"


def _names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    return [f"x[{i}]" for i in range(model.n_features_in_)]
