"""Peak memory of a fit, in a fresh process: ``python -m forest.memory LIBRARY ROWS COLUMNS TREES``.

The worst case for a forest: labels that are noise, so that every tree grows until its leaves
are pure.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np


def peak_bytes() -> int:
    """Largest resident set of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measured(library: str, rows: int, columns: int, trees: int) -> tuple[float, float, float]:
    """Run this file for a library: peak GB in all, GB before the fit, and seconds of the fit."""
    size = [str(rows), str(columns), str(trees)]
    arguments = [sys.executable, "-m", "forest.memory", library, *size]
    benches = Path(__file__).parents[1]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=benches)
    peak, before, seconds = map(float, done.stdout.split())
    return peak, before, seconds


def _child(name: str, rows: int, columns: int, trees: int) -> None:
    from forest.libraries import installed
    from forest.problems import Data, Problem
    from measure import seconds

    rng = np.random.default_rng(0)
    X = rng.random((rows, columns), dtype=np.float32)
    y = rng.integers(0, 2, rows)
    data = Data(X, y, X, y)
    problem = Problem("noise", "classification", "made", lambda: data, n_estimators=trees)
    model = installed()[name].make(problem, 0)
    model.fit(X[:1000], y[:1000])  # imports and threads are not the fit's
    before = peak_bytes()
    took = seconds(lambda: model.fit(X, y))
    print(peak_bytes() / 1e9, before / 1e9, took)


if __name__ == "__main__":
    _child(sys.argv[1], *map(int, sys.argv[2:5]))
