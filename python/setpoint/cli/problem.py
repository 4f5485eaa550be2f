"""What is to be learned: the columns and the target of a table, and whether it is classes.

Reading is in `setpoint.datasets`; hyperparameters are in `values`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.cli.common import UsageError, say
from setpoint.datasets import Column, DataError, Table, load
from setpoint.families import Task

MOST_CLASSES = 30
"""Whole numbers are taken for classes up to this many of them."""


@dataclass(frozen=True)
class Problem:
    """Columns to learn from, (n, d), and the target, (n,)."""

    name: str
    features: Table
    y: NDArray[Any]
    task: Task
    target: str

    @property
    def shape(self) -> str:
        """Say what there is to learn from, in words."""
        n, d = self.features.n_rows, len(self.features.columns)
        text = f"{n:,} rows × {d:,} columns"
        n_texts = sum(column.categories is not None for column in self.features.columns)
        return text + f" ({n_texts} categorical)" * (n_texts > 0)


def read_problem(args: argparse.Namespace) -> Problem:
    """Read the data that the training arguments name; say what was inferred."""
    table = load(args.data)
    name = args.target or table.target
    if name is None:
        raise UsageError(f"--target is needed; the columns of {table.name}: {_list(table.names)}")
    if name in args.drop:
        raise UsageError(f"--drop {name} would drop the target")
    table = _labelled(table, name, args.drop_unlabelled)
    target = table[name]
    if np.all(target.values == target.values[0]):
        raise DataError(f"target {name!r} is the same in all rows: there is nothing to learn")
    task, why = _task(target, args.task)
    if why and table.target is None:
        say(f"target {name!r} {why}")
    features = table.drop([name, *args.drop])
    _note_identifiers(features)
    return Problem(table.name, features, _values(target, task), task, name)


def _labelled(table: Table, target: str, drop: bool) -> Table:
    missing = table[target].missing
    n = int(missing.sum())
    if n and not drop:
        raise DataError(
            f"{n:,} of the {len(missing):,} rows of {table.name} have no value in the target column"
            f" {target!r}; fill them in, or leave those rows out with --drop-unlabelled"
        )
    rows = np.flatnonzero(~missing)
    kept = table.columns if not n else tuple(column.take(rows) for column in table.columns)
    return Table(table.name, kept, table.target)


def _task(target: Column, asked: str) -> tuple[Task, str]:
    """Return the task and, where it was inferred, why."""
    if target.categories is not None:
        if asked == "regression":
            raise DataError(
                f"regression needs numbers, and target {target.name!r} holds texts{target.example};"
                " use --task classification"
            )
        return "classification", "" if asked == "classification" else "holds texts: classification"
    if asked == "classification":
        return "classification", ""
    if asked == "regression":
        return "regression", ""
    distinct = np.unique(target.values)
    n = len(distinct)
    if not np.all(distinct == np.round(distinct)):
        return "regression", "holds fractional numbers: regression"
    if n <= min(MOST_CLASSES, len(target.values) // 2):
        return "classification", f"holds {n} whole numbers: classification (or --task regression)"
    return "regression", f"holds {n:,} whole numbers: regression (or --task classification)"


def _values(target: Column, task: Task) -> NDArray[Any]:
    """Return the target as an estimator wants it: numbers, or labels of classes."""
    if task == "regression":
        return target.values
    if target.categories is not None:
        return np.array(target.categories)[target.values.astype(np.intp)]
    if np.all(target.values == np.round(target.values)):
        return target.values.astype(np.int64)
    return np.array([f"{value:g}" for value in target.values])


def _note_identifiers(features: Table) -> None:
    for column in features.columns:
        n = len(column.categories or ())
        if n > 100 and n > features.n_rows // 2:
            say(
                f"column {column.name!r} holds {n:,} different texts in {features.n_rows:,} rows;"
                f" if it identifies rows, leave it out with --drop {column.name!r}"
            )


def _list(names: list[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
