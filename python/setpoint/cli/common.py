"""What several verbs share: arguments, notes on standard error, JSON."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any, Literal

from setpoint.files import refuse_unwritable

# What takes long to import is imported where it is needed: `setpoint --help` does not need it.

VERBS = {
    "tune": "Find the best hyperparameters of a model.",
    "fit": "Fit one model and save it.",
    "predict": "Predict with a saved model.",
    "models": "List the models and their hyperparameters.",
}
"""The verbs, each a module here, and what they do."""

Verbs = Any
"""What `argparse.ArgumentParser.add_subparsers` returns; it has no public name."""


class UsageError(Exception):
    """The command was called wrongly: exit code 2, with the verb's usage line."""


def say(message: str, kind: Literal["note", "warning", "error"] = "note") -> None:
    """Write a line to standard error."""
    prefix = "" if kind == "note" else f"{kind}: "
    print(f"setpoint: {prefix}{message}", file=sys.stderr)


def describe(verb: str) -> str:
    """What a verb does, as the command's help has it."""
    summary = VERBS[verb]
    return summary[0].lower() + summary[1:].rstrip(".")


def add_verb(verbs: Verbs, module: str, usage: str, epilog: str) -> argparse.ArgumentParser:
    """Add a verb named as its module, with examples under its help."""
    name = module.rpartition(".")[2]
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        usage=f"setpoint {name} {usage}",
        help=describe(name),
        description=VERBS[name],
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(parser=parser)
    return parser


def add_training_arguments(parser: argparse.ArgumentParser, which: str = "one of") -> None:
    """Add the arguments that say what is learned from which data; `which` of the models."""
    from setpoint.datasets import BUNDLED
    from setpoint.families import FAMILIES

    add = parser.add_argument
    add(
        "data",
        metavar="FILE_OR_NAME",
        help="a CSV or Parquet file, - for CSV on standard input, or a set that scikit-learn"
        f" ships: {', '.join(BUNDLED)}",
    )
    add("--target", metavar="COLUMN", help="the column to predict (needed for a file)")
    add(
        "--drop",
        metavar="COLUMN",
        action="append",
        default=[],
        help="a column not to learn from, such as an identifier; repeatable",
    )
    add(
        "--drop-unlabelled",
        action="store_true",
        help="leave out the rows that have no value in the target column",
    )
    add(
        "--task",
        choices=("auto", "classification", "regression"),
        default="auto",
        help="what to learn; auto: classes where the target holds texts or few whole numbers",
    )
    add("--model", metavar="NAME", default="forest", help=f"{which}: {', '.join(FAMILIES)}")
    add(
        "--no-scale",
        action="store_true",
        help="take columns as they are, also for models that expect them on one scale "
        "(support vector machines, networks, penalised linear models: else they are standardised)",
    )
    add("--seed", type=seed, default=0, help="of everything random (default: %(default)s)")
    add(
        "--jobs",
        type=jobs,
        metavar="N",
        help="threads (default: all cores; -1: all, -2: all but one)",
    )


def count(text: str) -> int:
    """A number of things, at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


def seed(text: str) -> int:
    """A seed, as numpy takes it."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 0 to 2**32 - 1, got {text!r}"
        )
    return int(text)


def jobs(text: str) -> int:
    """A number of threads, or if negative of cores to leave free, and one."""
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number other than 0, got {text!r}")
    return int(text)


def check_writable(path: str | None) -> None:
    """Refuse a path that can't be written, before the work whose result goes there."""
    if path is not None:
        refuse_unwritable(path)


def print_json(value: object) -> None:
    """Print a value as JSON; NaN and infinity become null."""
    json.dump(_plain(value), sys.stdout, indent=2, ensure_ascii=False)
    print()


def _plain(value: object) -> object:
    import numpy as np

    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)
