"""Times and scores of one work, library after library in turn (A B A B), medians over the rounds.

In turn, because a machine drifts: what is measured a minute apart is not comparable. Nothing is
printed here.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from threadpoolctl import threadpool_limits

OURS = "setpoint"
THREADS = 2
BUDGET = 30.0
"""Seconds of all rounds of a work after which a library sits out the others, marked so in the
tables."""
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
        return bool(self.failure) or sum(self.seconds) > BUDGET


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
    ways : mapping of str to callable() -> float, or to callable() -> callable() -> float
        By library. A call does the whole work that is timed and returns what it reached (an
        objective, a score), or what finds that out, untimed. Data are made before.
    warm : mapping of str to callable() -> object
        By library, what is called once before the rounds, untimed: it imports, starts threads,
        compiles. Ours does its whole work once where nothing is named.
    """

    name: str
    ways: Mapping[str, Callable[[], float | Callable[[], float]]]
    warm: Mapping[str, Callable[[], object]] = field(default_factory=dict)

    def only(self, names: Collection[str]) -> Work:
        """The same work by these libraries."""
        ways = {name: way for name, way in self.ways.items() if name in names}
        return Work(self.name, ways, {name: self.warm[name] for name in self.warm if name in ways})


def work_in_turn(work: Work, rounds: int) -> dict[str, Timing]:
    """Do the work by every library once a round, with `THREADS` threads for BLAS and OpenMP.

    A library that fails is named with its error and does not end the run.
    """
    timings = {name: Timing() for name in work.ways}
    warm = {name: way for name, way in work.ways.items() if name == OURS} | dict(work.warm)
    with threadpool_limits(THREADS):
        for name, timing in timings.items():
            if name in warm:
                with _named(work, name, timing):
                    warm[name]()
        for _ in range(rounds):
            for name, way in work.ways.items():
                if not timings[name].rests():
                    with _named(work, name, timings[name]):
                        _do(way, timings[name])
    return {name: timing for name, timing in timings.items() if timing.seconds}


def _do(way: Callable[[], float | Callable[[], float]], timing: Timing) -> None:
    gc.collect()
    start = perf_counter()
    reached = way()
    took = perf_counter() - start
    timing.scores.append(reached() if callable(reached) else reached)
    timing.seconds.append(took)


@contextmanager
def _named(work: Work, name: str, timing: Timing) -> Iterator[None]:
    """Keep and print an error instead of raising it."""
    try:
        yield
    except Exception as error:
        timing.failure = f"{type(error).__name__}: {error}"
        print(f"{work.name}: {name} failed: {timing.failure}", file=sys.stderr)
