"""Fits of one problem, library after library in turn, and the held-out scores."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable

from sklearn.metrics import accuracy_score, r2_score

from forest.libraries import Library, Model
from forest.problems import Data, Problem
from measure import Timing, seconds


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
