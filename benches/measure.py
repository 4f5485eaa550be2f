"""Times and scores of one work, library after library in turn (A B A B), medians over the rounds.

In turn, because a machine drifts: what is measured a minute apart is not comparable. Nothing is
printed here.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

OURS = "setpoint"
THREADS = 2
PATIENCE = 30.0
"""Seconds of one fit above which a library is measured once, and marked so in the tables."""
LONG_ENOUGH = 0.2
"""Seconds for which a short call is repeated."""


@dataclass
class Timing:
    """Seconds of one library on one work, and the scores that it reached."""

    seconds: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def time(self) -> float:
        """Median of the rounds."""
        return median(self.seconds)

    @property
    def score(self) -> float:
        """Median of the rounds (another seed each round)."""
        return median(self.scores)

    def rests(self) -> bool:
        """Whether the library sits out the further rounds: it failed or was slow."""
        return bool(self.failure) or bool(self.seconds and self.seconds[0] > PATIENCE)


def seconds(action: Callable[..., object], *arguments: object) -> float:
    """How long a call takes."""
    start = perf_counter()
    action(*arguments)
    return perf_counter() - start


def steady(action: Callable[..., object], *arguments: object) -> float:
    """Median seconds of a call, repeated for ``LONG_ENOUGH`` seconds; a first call warms up."""
    action(*arguments)
    times: list[float] = []
    while sum(times) < LONG_ENOUGH:
        times.append(seconds(action, *arguments))
    return median(times)


@dataclass(frozen=True)
class Work:
    """A row of a table: the same work, as each library does it.

    Attributes
    ----------
    name : str
        For the table.
    ways : mapping of str to callable() -> float or callable() -> float
        By library. A call does the whole work that is timed and returns what it reached: an
        objective, a score; or a function that computes it, after the time is taken. Data are made,
        and modules imported, before.
    """

    name: str
    ways: Mapping[str, Callable[[], float | Callable[[], float]]]


def work_in_turn(work: Work, rounds: int) -> dict[str, Timing]:
    """Do the work by every library once a round; ours once before, to start threads.

    A library that fails is named with its error and does not end the run.
    """
    timings = {name: Timing() for name in work.ways}
    if OURS in work.ways:
        work.ways[OURS]()
    for _ in range(rounds):
        for name, way in work.ways.items():
            timing = timings[name]
            if timing.rests():
                continue
            gc.collect()
            start = perf_counter()
            try:
                score = way()
            except Exception as error:
                timing.failure = f"{type(error).__name__}: {error}"
                print(f"{work.name}: {name} failed: {timing.failure}", file=sys.stderr)
                continue
            timing.seconds.append(perf_counter() - start)
            timing.scores.append(score() if callable(score) else score)
    return {name: timing for name, timing in timings.items() if timing.seconds}
