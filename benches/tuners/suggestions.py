"""What one suggestion costs after so many trials. Prints nothing."""

from __future__ import annotations

import time

import numpy as np

from tuners.peers import Make
from tuners.problems import MIXED, Problem, mixed

MARKS = (10, 50, 100, 500, 2000)

PATIENCE = 60.0
"""Seconds of suggestions after which a tuner is asked for no more."""


def seconds(make: Make, quick: bool) -> dict[int, float]:
    """CPU seconds of one suggestion, the mean of ten, by trials before."""
    marks = MARKS[:2] if quick else MARKS
    problem = Problem(MIXED, mixed, best=float)
    ask, tell = make(problem, 0, max(marks) + 10)
    taken: list[float] = []
    found = {}
    for number in range(max(marks) + 5):
        start = time.process_time()
        params = ask()
        taken.append(time.process_time() - start)
        tell(params, mixed(params))
        if number - 4 in marks:
            found[number - 4] = float(np.mean(taken[-10:]))
        if sum(taken) > PATIENCE:
            break
    return found
