"""The comparison of forests: `problems` x `libraries`, in `sections`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from choose import chosen
from forest.libraries import installed
from forest.problems import all_problems
from forest.sections import SECTIONS, Run

PEERS = ("scikit-learn-intelex", "lightgbm", "ydf")


def compare(arguments: argparse.Namespace, rounds: int, say: Callable[[str], None]) -> None:
    """Run the sections that were asked for."""
    problems, libraries = all_problems(), installed()
    run = Run(
        {name: problems[name] for name in chosen(arguments.problems, problems)},
        {name: libraries[name] for name in chosen(arguments.libraries, libraries)},
        rounds,
        arguments.quick,
        say,
    )
    for name in chosen(arguments.sections, SECTIONS):
        SECTIONS[name](run)
