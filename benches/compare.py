"""Compare setpoint with other libraries: ``python benches/compare.py forest`` prints markdown
tables.

Everything is measured in one run, library after library in turn, on two threads, with the
held-out score beside every time (``measure.py``); what each library is told is in
``libraries.py``. Ratios are the other library's time over setpoint's: above one, setpoint is
faster. Losses are listed under each table.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import sections
from libraries import THREADS, Library, installed
from problems import Problem, all_problems
from sections import Run

SECTIONS: dict[str, Callable[[Run], None]] = {
    "fit": sections.fit_and_predict,
    "small": sections.small,
    "grid": sections.grid_search,
    "memory": sections.memory,
    "accuracy": sections.accuracy,
}


def machine() -> str:
    """The machine and the versions, for the head of the report."""
    from importlib.metadata import PackageNotFoundError, version

    names = ("setpoint", "scikit-learn", "scikit-learn-intelex", "lightgbm", "ydf", "numpy")
    found = []
    for name in names:
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


def _chosen(wanted: str | None, present: dict[str, Problem] | dict[str, Library]) -> list[str]:
    """The names asked for (separated by semicolons; a part of a name takes all that hold it)."""
    names: set[str] = set()
    for text in wanted.split(";") if wanted is not None else [""]:
        held = (
            [text.strip()] if text.strip() in present else [n for n in present if text.strip() in n]
        )
        if not held:
            raise SystemExit(f"nothing is called {text!r}; there are: {'; '.join(present)}")
        names.update(held)
    return [name for name in present if name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", choices=["forest"])
    parser.add_argument(
        "--quick", action="store_true", help="one round, problems of up to 20,000 rows"
    )
    parser.add_argument("--sections", default=";".join(SECTIONS), help="separated by ';'")
    parser.add_argument("--problems", help="names or parts of names, separated by ';'")
    parser.add_argument("--libraries", help="names or parts of names, separated by ';'")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="write the tables to this file too")
    return parser.parse_args()


def main() -> None:
    """Run the sections that were asked for."""
    arguments = _arguments()
    warnings.filterwarnings("ignore")  # peers warn about names of columns and the like
    output = arguments.output.open("w") if arguments.output else None

    def say(text: str) -> None:
        print(text, end="\n\n", flush=True)
        if output:
            print(text, end="\n\n", file=output, flush=True)

    problems, libraries = all_problems(), installed()
    run = Run(
        {name: problems[name] for name in _chosen(arguments.problems, problems)},
        {name: libraries[name] for name in _chosen(arguments.libraries, libraries)},
        1 if arguments.quick else arguments.rounds,
        arguments.quick,
        say,
    )
    say(f"`{' '.join(['python', *sys.argv])}`: {machine()}. Medians of {run.rounds} round(s).")
    for name in arguments.sections.split(";"):
        SECTIONS[name.strip()](run)


if __name__ == "__main__":
    main()
