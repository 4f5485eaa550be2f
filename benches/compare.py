"""Compare setpoint with other libraries: ``python benches/compare.py TOPIC`` prints markdown
tables.

Everything is measured in one run, library after library in turn, on two cores, with the score or
objective reached beside every time. Ratios are the other library's time over setpoint's: above one,
setpoint is faster. Losses are listed under each table. A topic is a module or package here; what
each library is told stands there.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from choose import chosen
from measure import OURS, THREADS, work_in_turn
from tables import comparison, losses

TOPICS = ("forest", "linear", "descent", "network", "svm", "logistic", "tuners")
"""`forest` and `tuners` are packages with sections; any other is a module with ``PEERS`` (packages
to name with their versions), ``NOTE`` (what the tables show), ``works(quick)``, an iterator of
`Work`, and perhaps ``remarks(rows)``, lines that follow the table."""


def machine(peers: Iterable[str]) -> str:
    """The machine and the versions, for the head of the report."""
    found = []
    for name in ("setpoint", "numpy", "scikit-learn", *peers):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = lines[0].split(":")[1].strip() if lines else processor
    return (
        f"{processor}, {os.cpu_count()} cores, {THREADS} threads used, "
        f"Python {platform.python_version()}; {', '.join(found)}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic", choices=TOPICS)
    parser.add_argument("--quick", action="store_true", help="one round, small problems")
    parser.add_argument("--sections", help="of forest or tuners, separated by ';'")
    parser.add_argument("--problems", help="names or parts of names, separated by ';'")
    parser.add_argument("--libraries", help="names or parts of names, separated by ';'")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="write the tables to this file too")
    return parser.parse_args()


def _pin() -> None:
    """Give this process, and so every library, as many cores as threads are to be used."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def _compare(topic: Any, arguments: argparse.Namespace, say: Callable[[str], None]) -> None:
    """All works of a topic in one table."""
    rounds = 1 if arguments.quick else arguments.rounds
    rows: dict[str, Mapping[str, Any]] = {}
    works = {work.name: work for work in topic.works(arguments.quick)}
    present = dict.fromkeys(name for work in works.values() for name in work.ways)
    wanted = set(chosen(arguments.libraries, present))
    for problem in chosen(arguments.problems, works):
        if timings := work_in_turn(works.pop(problem).only(wanted), rounds):
            rows[problem] = timings
    libraries = dict.fromkeys(name for timings in rows.values() for name in timings)
    say(topic.NOTE)
    say(comparison(rows, [OURS, *(name for name in libraries if name != OURS)], rounds))
    say("Losses: " + ("; ".join(losses(rows)) or "none") + ".")
    if hasattr(topic, "remarks") and not arguments.quick:
        say("\n".join(topic.remarks(rows)))


def main() -> None:
    """Run what was asked for."""
    arguments = _arguments()
    _pin()
    warnings.filterwarnings("ignore")  # peers warn about names of columns and the like
    output = arguments.output.open("w") if arguments.output else None

    def say(text: str) -> None:
        print(text, end="\n\n", flush=True)
        if output:
            print(text, end="\n\n", file=output, flush=True)

    topic = import_module(arguments.topic)
    rounds = 1 if arguments.quick else arguments.rounds
    command = " ".join(["python", *sys.argv])
    say(f"`{command}`: {machine(topic.PEERS)}. Medians of {rounds} round(s).")
    if hasattr(topic, "compare"):
        topic.compare(arguments, rounds, say)
    else:
        _compare(topic, arguments, say)


if __name__ == "__main__":
    main()
