"""The space that an estimator's declarations describe, and declarations behind a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from setpoint.hyperparameters import Declared, Hyperparameter, Search
from setpoint.tuning.one_of import OneOf, by_model
from setpoint.tuning.space.dimension import Dimension, Listed, Mixed, Range, whole
from setpoint.tuning.space.space import Space


def space_of(estimator: Any, space: Any = None) -> Space:
    """The given space, or if there is none the estimator's default space."""
    return default_space(estimator) if space is None else Space.of(by_model(estimator, space))


def default_space(estimator: Any, *, without: str | None = None) -> Space:
    """The declared ranges of an estimator, or of a pipeline's last step.

    Parameters
    ----------
    estimator : object
        Of setpoint, or a pipeline that ends in one.
    without : str or None
        A hyperparameter that is not to be searched.

    Raises
    ------
    ValueError
        If the estimator declares none.
    """
    if isinstance(estimator, OneOf):
        spaces = {name: ranges(model) for name, model in estimator.models}
        return Space(by_model(estimator, spaces))
    found = {name: own for name, own in ranges(estimator).items() if name != without}
    if not found:
        last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        raise ValueError(
            f"{type(last).__name__} declares no ranges to search; give a space: a dict of "
            "hyperparameter names to Integer, Real, Choice or lists"
        )
    return Space(found)


def ranges(estimator: Any) -> dict[str, Dimension]:
    """The declared ranges of an estimator, or of a pipeline's last step, by name."""
    prefix, last = "", estimator
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        prefix = f"{name}__"
    return {
        prefix + name: _searched(item)
        for name, item in _declarations(last).items()
        if item.search is not None and _applies(item.search, last)
    }


def _applies(search: Search, estimator: Any) -> bool:
    """Whether the estimator's own values leave something to search."""
    if search.when is None:
        return True
    name, value = search.when
    return bool(getattr(estimator, name) == value)


def declaration(estimator: Any, name: str) -> Hyperparameter | None:
    """The declaration behind a name such as ``max_depth`` or ``step__max_depth``; None without."""
    *path, last = name.split("__")
    owner = estimator
    for part in path:
        owner = owner.get_params().get(part) if hasattr(owner, "get_params") else None
    return _declarations(owner).get(last)


def _declarations(estimator: Any) -> Mapping[str, Hyperparameter]:
    kind = type(estimator)
    return kind.declarations() if issubclass(kind, Declared) else {}


def _searched(item: Hyperparameter) -> Dimension:
    """The declared range, and beside it the default and the names of the declared grid."""
    search = item.search
    assert search is not None
    if search.low is None or search.high is None:
        return Listed(search.grid)
    numbers = whole(search.low, search.high, item.domain, search.scale == "log")
    others = [value for value in search.grid if value is None or isinstance(value, str | bool)]
    if item.default not in others and not _holds(numbers, item.default):
        others.append(item.default)
    return Mixed(numbers, others) if others else numbers


def _holds(numbers: Range, value: Any) -> bool:
    try:
        numbers.encode(value)
    except ValueError:
        return False
    return True
