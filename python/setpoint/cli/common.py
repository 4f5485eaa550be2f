"""What several verbs share: arguments, notes on standard error, JSON, and tables of text."""

from __future__ import annotations

import argparse
import json
import math
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from setpoint.datasets import BUNDLED
from setpoint.families import FAMILIES

Verbs = Any
"""What `argparse.ArgumentParser.add_subparsers` returns; it has no public name."""


class UsageError(Exception):
    """The command was called wrongly: exit code 2, with the verb's usage line."""


def say(message: str, kind: Literal["note", "warning", "error"] = "note") -> None:
    """Write a line to standard error."""
    prefix = "" if kind == "note" else f"{kind}: "
    print(f"setpoint: {prefix}{message}", file=sys.stderr)


def add_verb(verbs: Verbs, module: str, summary: str, epilog: str) -> argparse.ArgumentParser:
    """Add a verb named as its module, with examples under its help."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        module.rpartition(".")[2],
        help=summary[0].lower() + summary[1:].rstrip("."),
        description=summary,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(parser=parser)
    return parser


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is learned from which data."""
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
    add("--model", metavar="NAME", default="forest", help=f"one of: {', '.join(FAMILIES)}")
    add("--seed", type=int, default=0, help="of everything random (default: %(default)s)")
    add("--jobs", type=int, metavar="N", help="threads (default: all cores)")


def print_json(value: object) -> None:
    """Print a value as JSON; NaN and infinity become null."""
    json.dump(_plain(value), sys.stdout, indent=2, ensure_ascii=False)
    print()


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "", width: int | None = None
) -> str:
    """Return an aligned table of text.

    Parameters
    ----------
    header, rows
        The cells.
    right : str
        A letter a column: "r" for one that is aligned to the right.
    width : int or None
        Columns of the terminal; the last column of the table is wrapped to fit. None never wraps.
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    margin = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if width is not None:
        widths[-1] = min(widths[-1], max(24, width - margin))
    text = []
    for cells in lines:
        wrapped = [cells[-1]] if width is None else textwrap.wrap(cells[-1], widths[-1]) or [""]
        for number, last in enumerate(wrapped):
            line = [*(cells[:-1] if number == 0 else [""] * (len(cells) - 1)), last]
            aligned = zip(line, widths, right.ljust(len(line)), strict=True)
            text.append("  ".join(c.rjust(w) if r == "r" else c.ljust(w) for c, w, r in aligned))
    return "\n".join(line.rstrip() for line in text)
