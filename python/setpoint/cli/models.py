"""`setpoint models`: the families and their hyperparameters, as they are declared."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from setpoint.cli.common import UsageError, Verbs, add_verb, print_json
from setpoint.datasets.table import suggest
from setpoint.families import FAMILIES, Task
from setpoint.hyperparameters import Hyperparameter
from setpoint.tables import Table

_USAGE = "[NAME] [--json]"
_EPILOG = """\
cost says what one more value of a hyperparameter costs in a search:
  free    next to nothing: all values are scored with the same models
  cheap   a fraction of a fit
  full    a fit of its own
  none    not a matter of learning, such as the number of threads

examples:
  setpoint models
  setpoint models forest --json
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command."""
    parser = add_verb(verbs, __name__, _USAGE, _EPILOG)
    parser.add_argument("name", nargs="?", metavar="NAME", help="only this model")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Carry out the verb."""
    if args.name is not None and args.name not in FAMILIES:
        raise UsageError(f"no model {args.name!r}{suggest(args.name, list(FAMILIES))}")
    names = list(FAMILIES) if args.name is None else [args.name]
    described = [_describe(name) for name in names]
    if args.json:
        print_json(described)
        return
    print("\n\n".join(_text(model) for model in described))


def _describe(name: str) -> dict[str, Any]:
    family = FAMILIES[name]
    estimators = family.estimators
    declared = {task: estimator.declarations() for task, estimator in estimators.items()}
    names = dict.fromkeys(name for fields in declared.values() for name in fields)
    return {
        "model": name,
        "meaning": family.meaning,
        "estimators": {task: estimator.__name__ for task, estimator in estimators.items()},
        "hyperparameters": [row for name in names for row in _rows(name, declared)],
    }


def _rows(name: str, declared: dict[Task, Mapping[str, Hyperparameter]]) -> list[dict[str, Any]]:
    """Return one row if the hyperparameter is the same for all tasks, else one a task."""
    rows: list[dict[str, Any]] = []
    for task, fields in declared.items():
        if name not in fields:
            continue
        row = _row(fields[name])
        if rows and row | {"tasks": []} == rows[-1] | {"tasks": []}:
            rows[-1]["tasks"].append(task)
        else:
            rows.append(row | {"tasks": [task]})
    return rows


def _row(field: Hyperparameter) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.domain.kind,
        "domain": str(field.domain),
        "default": field.default,
        "cost": field.cost,
        "meaning": field.meaning,
        "grid": list(field.search.grid) if field.search else [],
    }


def _text(model: dict[str, Any]) -> str:
    columns = ["name", "domain", "default", "cost", "meaning"]
    rows = []
    for field in model["hyperparameters"]:
        only = f" ({field['tasks'][0]})" if len(field["tasks"]) == 1 else ""
        rows.append([*(str(field[column]) for column in columns[:-1]), field["meaning"] + only])
    estimators = ", ".join(f"{name} ({task})" for task, name in model["estimators"].items())
    return str(Table(columns, rows, f"{model['model']}: {model['meaning']}; {estimators}\n"))
