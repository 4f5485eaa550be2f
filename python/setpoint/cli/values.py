"""Hyperparameters given as text: `--param NAME=VALUE[,VALUE...]`.

A text is parsed and checked by the hyperparameter's own declaration; no domain is known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from setpoint.cli.common import UsageError
from setpoint.datasets.table import suggest
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


def make_estimator(kind: Any, seed: int | None, jobs: int | None, extra: Mapping[str, Any]) -> Any:
    """Return an unfitted estimator with those of the settings that it has."""
    settings = {"random_state": seed, "n_jobs": jobs}
    declared = kind.declarations()
    if extra.keys() - declared.keys():
        raise UsageError(
            f"{kind.__name__} reads numbers only, and some columns hold text. Use --model forest, "
            "or encode them as numbers."
        )
    return kind(**{name: value for name, value in settings.items() if name in declared}, **extra)


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
