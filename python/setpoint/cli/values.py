"""Hyperparameters given as text: `--param NAME=VALUE[,VALUE...]`.

A text is parsed and checked by the hyperparameter's own declaration; no domain is known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import get_tags

from setpoint.cli.common import UsageError
from setpoint.datasets.table import Table, suggest
from setpoint.families import FAMILIES, Task

_FLAGS = {"random_state": "--seed", "n_jobs": "--jobs"}


def estimator_class(model: str, task: Task) -> Any:
    """Return the estimator of a family for a task."""
    if model not in FAMILIES:
        raise UsageError(f"no model {model!r}{suggest(model, list(FAMILIES))}")
    try:
        return FAMILIES[model].estimator(task)
    except ValueError as error:
        raise UsageError(f"--model {error}") from None


def make_estimator(
    kind: Any, seed: int | None, jobs: int | None, table: Table, extra: Mapping[str, Any]
) -> Any:
    """Return an unfitted estimator for a table, with those of the settings that it has."""
    settings = {"random_state": seed, "n_jobs": jobs}
    declared = kind.declarations()
    _refuse(kind, table)
    return kind(**{name: value for name, value in settings.items() if name in declared}, **extra)


def _refuse(kind: Any, table: Table) -> None:
    """Say what an estimator cannot read of a table, before it is cut into folds."""
    texts = any(column.categories is not None for column in table.columns)
    if texts and "categorical_features" not in kind.declarations():
        raise UsageError(
            f"{kind.__name__} reads numbers only, and some columns hold text. Use --model forest, "
            "or encode them as numbers."
        )
    if not get_tags(kind()).input_tags.allow_nan:
        lacking = [c.name for c in table.columns if np.isnan(c.values).any()]
        if lacking:
            raise UsageError(
                f"{kind.__name__} takes no missing values, and {len(lacking)} columns have some, "
                f"such as {lacking[0]!r}. Use --model forest, --drop them, or fill them in."
            )


def parse_params(texts: Sequence[str], estimator: Any) -> dict[str, list[Any]]:
    """Return the values of each hyperparameter in `NAME=VALUE[,VALUE...]` texts."""
    declared = estimator.declarations()
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values:
            raise UsageError(f"--param {text}: write it as NAME=VALUE[,VALUE...]")
        if name in grid:
            raise UsageError(f"--param {name} is given twice; list its values with commas")
        grid[name] = [_parse(declared, name, value) for value in _split(values)]
    return grid


def _parse(declared: Mapping[str, Any], name: str, text: str) -> Any:
    if name in _FLAGS:
        raise UsageError(f"--param {name}: set it by {_FLAGS[name]}")
    tunable = [known for known in declared if known not in _FLAGS]
    if name not in declared:
        raise UsageError(f"--param: no hyperparameter {name!r}{suggest(name, tunable)}")
    try:
        return declared[name].parse(text)
    except ValueError as error:
        raise UsageError(f"--param: {error}") from None


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]]]


def show(value: object) -> str:
    """Return a value as it would be given on the command line."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def show_all(values: Mapping[str, object]) -> str:
    """Return hyperparameters as one line."""
    return ", ".join(f"{name}={show(value)}" for name, value in values.items())
