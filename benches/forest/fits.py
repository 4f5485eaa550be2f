"""Fits of one problem, library after library in turn, and the held-out scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

from sklearn.metrics import accuracy_score, r2_score

from forest.libraries import Library, Model
from forest.problems import Data, Problem
from measure import Timing, Work, work_in_turn


def held_out_score(problem: Problem, data: Data, model: Model) -> float:
    """Accuracy, or R2 for regression."""
    metric = r2_score if problem.task == "regression" else accuracy_score
    return float(metric(data.y_test, model.predict(data.X_test)))


def _warm(problem: Problem, data: Data, library: Library) -> Callable[[], object]:
    """Import, start threads and load code, on some of the rows."""

    def work() -> object:
        rows = slice(0, min(500, len(data.y_train)))
        model = library.make(problem, 0)
        model.fit(data.X_train[rows], data.y_train[rows])
        return model.predict(data.X_test[:10])

    return work


def _fit(
    problem: Problem, data: Data, library: Library, models: dict[str, Model]
) -> Callable[[], Callable[[], float]]:
    """Each call takes the next seed, and keeps its model when it has a score."""
    seeds = count()

    def work() -> Callable[[], float]:
        model = library.make(problem, next(seeds))
        model.fit(data.X_train, data.y_train)

        def reached() -> float:
            score = held_out_score(problem, data, model)
            models[library.name] = model
            return score

        return reached

    return work


def in_turn(
    problem: Problem, data: Data, libraries: Iterable[Library], rounds: int
) -> tuple[dict[str, Timing], dict[str, Model]]:
    """Fit every library once a round, another seed each round; also the last round's models."""
    models: dict[str, Model] = {}
    taking_part = [
        library for library in libraries if library.takes_missing or not data.has_missing
    ]
    ways = {library.name: _fit(problem, data, library, models) for library in taking_part}
    warm = {library.name: _warm(problem, data, library) for library in taking_part}
    return work_in_turn(Work(problem.name, ways, warm), rounds), models
