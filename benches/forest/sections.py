"""The sections of the comparison: fits and predictions, small work, grid search, memory, accuracy.

Each takes a run (what was asked for) and says its tables. How to time is in ``measure.py``, how
to print in ``tables.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean, stdev
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from forest.fits import held_out_score, in_turn
from forest.libraries import Library, Model
from forest.memory import measured
from forest.problems import IRIS, Data, Problem
from measure import BUDGET, OURS, THREADS, Timing, Work, seconds, steady, work_in_turn
from tables import comparison, duration, losses, markdown

QUICK_ROWS = 20_000
GRID: dict[str, list[Any]] = {
    "n_estimators": [50, 100, 200],
    "max_depth": [4, 8, 16, None],
    "min_samples_split": [2, 5, 10],
}


@dataclass(frozen=True)
class Run:
    """What was asked for, and where the report goes."""

    problems: dict[str, Problem]
    libraries: dict[str, Library]
    rounds: int
    quick: bool
    say: Callable[[str], None]


def _say(run: Run, title: str, note: str, rows: dict[str, dict[str, Timing]]) -> None:
    if not rows:
        return
    run.say(f"### {title}\n\n{note}")
    run.say(comparison(rows, list(run.libraries), run.rounds))
    if OURS in run.libraries:
        found = losses(rows)
        run.say("Losses: " + ("; ".join(found) if found else "none") + ".")


def _loaded(run: Run, section: str) -> Iterator[tuple[Problem, Data]]:
    for problem in run.problems.values():
        if problem.section == section:
            data = problem.load()
            if not (run.quick and len(data.y_train) > QUICK_ROWS):
                yield problem, data


def _predictions(run: Run, data: Data, models: dict[str, Model]) -> dict[str, Timing]:
    """Time the held-out rows' prediction in turn; a first round warms up."""
    timings = {name: Timing() for name in models}
    for turn in range(run.rounds + 1):
        for name, model in models.items():
            took = seconds(model.predict, data.X_test)
            if turn > 0:
                timings[name].seconds.append(took)
    return timings


def fit_and_predict(run: Run) -> None:
    """Made rows, then real sets: fit with held-out score, then prediction of the held-out rows."""
    for section, title in (("made", "Made rows"), ("real", "Real data")):
        fits: dict[str, dict[str, Timing]] = {}
        predictions: dict[str, dict[str, Timing]] = {}
        for problem, data in _loaded(run, section):
            fits[problem.name], models = in_turn(problem, data, run.libraries.values(), run.rounds)
            rows = f"{problem.name}: {len(data.X_test):,} rows"
            predictions[rows] = _predictions(run, data, models)
        note = (
            "100 trees, depth unlimited, square root of the columns at a split (0.4 of them for "
            "regression). Time, held-out accuracy (R2 for regression), and the time as a multiple "
            f"of setpoint's. After {BUDGET:.0f} s a library sits out the other rounds."
        )
        _say(run, f"{title}: fit", note, fits)
        _say(
            run, f"{title}: predict", "The forests just fitted, on the held-out rows.", predictions
        )


def small(run: Run) -> None:
    """Where the overhead of a call shows: iris with 100 trees, and the prediction of one row."""
    data = IRIS.load()
    rows: dict[str, dict[str, Timing]] = {"fit iris, 100 trees": {}, "predict 1 row of iris": {}}
    fits, predictions = rows.values()
    for _ in range(run.rounds):
        for name, library in run.libraries.items():
            model = library.make(IRIS, 0)
            took = steady(model.fit, data.X_train, data.y_train)
            fit = fits.setdefault(name, Timing())
            fit.seconds.append(took)
            fit.scores.append(held_out_score(IRIS, data, model))
            took = steady(model.predict, data.X_test[:1])
            predictions.setdefault(name, Timing()).seconds.append(took)
    _say(run, "Small work", "Medians over repeated calls, in turn.", rows)


def _search(kind: Any, model: Any, X: Any, y: Any) -> Callable[[], float]:
    def work() -> float:
        search = kind(model, GRID, cv=5, refit=False, n_jobs=THREADS).fit(X, y)
        return float(search.cv_results_["mean_test_score"].max())

    return work


def grid_search(run: Run) -> None:
    """36 candidates x 5 folds on digits: scikit-learn's search and forest against ours."""
    X, y = load_digits(return_X_y=True)
    ways: dict[str, Callable[[], float]] = {}
    if "scikit-learn" in run.libraries:
        from sklearn.ensemble import RandomForestClassifier as TheirForest
        from sklearn.model_selection import GridSearchCV as TheirSearch

        ways["scikit-learn"] = _search(TheirSearch, TheirForest(random_state=0), X, y)
    if OURS in run.libraries:
        from setpoint import GridSearchCV, RandomForestClassifier

        ways[OURS] = _search(GridSearchCV, RandomForestClassifier(random_state=0), X, y)
    timings = work_in_turn(Work("36 candidates", ways), run.rounds)
    note = (
        "GridSearchCV, n_estimators [50, 100, 200] x max_depth [4, 8, 16, None] x "
        "min_samples_split [2, 5, 10], 5 folds, refit off. Time, the best candidate's mean "
        "accuracy over the folds, and the time as a multiple of setpoint's."
    )
    _say(run, "Grid search on digits", note, {"36 candidates": timings})


def memory(run: Run) -> None:
    """Peak memory of the worst case: labels that are noise."""
    rows, columns, trees = (100_000 if run.quick else 1_000_000), 10, 100
    lines = []
    for name in run.libraries:
        if run.quick or name.startswith(OURS) or name == "scikit-learn-intelex":
            peak, before, took = measured(name, rows, columns, trees)
            lines.append([name, f"{peak:.2f} GB", f"{peak - before:.2f} GB", duration(took)])
    run.say(
        f"### Peak memory: {rows:,} x {columns} of noise, {trees} trees\n\nA fresh process each. "
        "scikit-learn, LightGBM and ydf take many minutes here and run with --quick only "
        "(100,000 rows)."
    )
    run.say(markdown(["library", "peak", "of it the fit's", "time"], lines))


def _spread(scores: list[float]) -> str:
    return f"{mean(scores):.4f} ± {stdev(scores):.4f}" if len(scores) > 1 else f"{scores[0]:.4f}"


def accuracy(run: Run) -> None:
    """Held-out scores over seeds on every problem: both of our modes against scikit-learn."""
    names = [name for name in run.libraries if name.startswith((OURS, "scikit-learn"))]
    names = [name for name in names if name != "scikit-learn-intelex"]
    lines = []
    for section in ("made", "real"):
        for problem, data in _loaded(run, section):
            lines.append(_accuracy_line(run, problem, data, names))
    run.say(
        "### Held-out scores\n\nAccuracy (R2 for regression), mean and standard deviation over "
        "seeds, and the difference to scikit-learn's mean in points. Category codes are taken as "
        "numbers by all, except in the column that says otherwise."
    )
    run.say(markdown(["problem", "seeds", *names, "setpoint, categories declared"], lines))


def _accuracy_line(run: Run, problem: Problem, data: Data, names: list[str]) -> list[str]:
    scores: dict[str, list[float]] = {name: [] for name in names}
    declared: list[float] = []
    start = perf_counter()
    for seed in range(run.rounds):
        for name in names:
            model = run.libraries[name].make(problem, seed)
            model.fit(data.X_train, data.y_train)
            scores[name].append(held_out_score(problem, data, model))
        if data.categorical and OURS in names:
            model = run.libraries[OURS].make(problem, seed)
            model.set_params(categorical_features=list(data.categorical))  # type: ignore[attr-defined]
            model.fit(data.X_train, data.y_train)
            declared.append(held_out_score(problem, data, model))
        if perf_counter() - start > 4 * BUDGET:
            break
    reference = mean(scores.get("scikit-learn") or [np.nan])
    cells = [problem.name, str(seed + 1)]
    for name in names:
        points = (
            "" if name == "scikit-learn" else f" ({100 * (mean(scores[name]) - reference):+.2f})"
        )
        cells.append(_spread(scores[name]) + points)
    cells.append(
        f"{_spread(declared)} ({100 * (mean(declared) - reference):+.2f})" if declared else "-"
    )
    return cells


SECTIONS: dict[str, Callable[[Run], None]] = {
    "fit": fit_and_predict,
    "small": small,
    "grid": grid_search,
    "memory": memory,
    "accuracy": accuracy,
}
