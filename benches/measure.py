"""Times and scores of one problem, library after library in turn (A B A B), medians over the
rounds.

In turn, because a machine drifts: what is measured a minute apart is not comparable. Nothing is
printed here.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from sklearn.metrics import accuracy_score, r2_score

from libraries import Library, Model
from problems import Data, Problem

PATIENCE = 30.0
"""Seconds of one fit above which a library is measured once, and marked so in the tables."""
LONG_ENOUGH = 0.2
"""Seconds for which a short call is repeated."""


@dataclass
class Timing:
    """Seconds of one library on one problem, and the held-out scores of its forests."""

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


def held_out_score(problem: Problem, data: Data, model: Model) -> float:
    """Accuracy, or R2 for regression."""
    metric = r2_score if problem.task == "regression" else accuracy_score
    return float(metric(data.y_test, model.predict(data.X_test)))


def _warm(problem: Problem, data: Data, library: Library) -> None:
    """Import, start threads and load code outside the clock."""
    rows = slice(0, min(500, len(data.y_train)))
    model = library.make(problem, 0)
    model.fit(data.X_train[rows], data.y_train[rows])
    model.predict(data.X_test[:10])


def in_turn(
    problem: Problem, data: Data, libraries: Iterable[Library], rounds: int
) -> tuple[dict[str, Timing], dict[str, Model]]:
    """Fit every library once a round, another seed each round; also the last round's models.

    A library that fails is named with its error and does not end the run.
    """
    taking_part = [
        library for library in libraries if library.takes_missing or not data.has_missing
    ]
    timings = {library.name: Timing() for library in taking_part}
    models: dict[str, Model] = {}
    for turn in range(rounds):
        for library in taking_part:
            timing = timings[library.name]
            if timing.rests():
                continue
            try:
                if turn == 0:
                    _warm(problem, data, library)
                model = library.make(problem, turn)
                gc.collect()
                timing.seconds.append(seconds(model.fit, data.X_train, data.y_train))
                timing.scores.append(held_out_score(problem, data, model))
                models[library.name] = model
            except Exception as error:
                timing.failure = f"{type(error).__name__}: {error}"
                print(f"{problem.name}: {library.name} failed: {timing.failure}", file=sys.stderr)
    return {name: timing for name, timing in timings.items() if timing.seconds}, models
