"""A model behind a scaler, in one file: what `persistence` keeps of a pipeline of the two.

The means and scales are a part of the header; the model is saved as it is alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

__all__ = ["behind_scaler", "describe_scaler", "scaler_and_model"]

_NUMBERS = ("mean_", "scale_", "var_")


def scaler_and_model(model: Any) -> tuple[StandardScaler | None, Any]:
    """The two steps of such a pipeline; ``(None, model)`` for a model that stands alone.

    Raises
    ------
    TypeError
        If it is another pipeline: its steps could not be read back without running their code.
    """
    if not isinstance(model, Pipeline):
        return None, model
    steps = [step for _, step in model.steps]
    if len(steps) == 2 and type(steps[0]) is StandardScaler:
        return steps[0], steps[1]
    kinds = ", ".join(type(step).__name__ for step in steps)
    raise TypeError(
        "a pipeline can be saved if it is a StandardScaler and an estimator of setpoint; this one "
        f"is {kinds}. Save its last step, or the pipeline with skops or joblib."
    )


def describe_scaler(scaler: StandardScaler | None) -> dict[str, Any]:
    """What a saved model's header keeps of it; nothing for None."""
    if scaler is None:
        return {}
    check_is_fitted(scaler)
    names = getattr(scaler, "feature_names_in_", None)
    described: dict[str, Any] = {
        name: None if (values := getattr(scaler, name)) is None else values.tolist()
        for name in _NUMBERS
    }
    described["with_mean"], described["with_std"] = bool(scaler.with_mean), bool(scaler.with_std)
    described["n_samples_seen_"] = np.asarray(scaler.n_samples_seen_).tolist()
    described["names"] = None if names is None else names.tolist()
    return {"scaler": described}


def behind_scaler(model: Any, header: dict[str, Any]) -> Any:
    """The pipeline that was saved, or the model; `ValueError` if the numbers make no sense."""
    if "scaler" not in header:
        return model
    described, d = header["scaler"], model.n_features_in_
    scaler = StandardScaler(with_mean=described["with_mean"], with_std=described["with_std"])
    for name in _NUMBERS:
        setattr(scaler, name, _numbers(described[name], d))
    for wanted, name in ((scaler.with_mean, "mean_"), (scaler.with_std, "scale_")):
        if wanted and getattr(scaler, name) is None:
            raise ValueError(f"the {name.rstrip('_')} of the columns is missing")
    if scaler.scale_ is not None and not np.all(scaler.scale_ > 0.0):
        raise ValueError("scales must be greater than 0")
    scaler.n_samples_seen_ = np.asarray(described["n_samples_seen_"], dtype=np.int64)[()]
    scaler.n_features_in_ = d
    if (names := described["names"]) is not None:
        if len(names) != d:
            raise ValueError(f"{len(names)} names for {d} columns")
        scaler.feature_names_in_ = np.array([str(name) for name in names], dtype=object)
    return Pipeline([("scale", scaler), ("model", model)])


def _numbers(values: list[float] | None, d: int) -> Any:
    if values is None:
        return None
    array = np.array(values, dtype=np.float64)
    if array.shape != (d,) or not np.isfinite(array).all():
        raise ValueError(f"a scaler of {d} columns needs {d} finite numbers")
    return array
