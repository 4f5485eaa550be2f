"""The sections of the comparison of tuners. Each says a table with a sentence on what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from measure import OURS
from tables import markdown
from tuners import regret, searches, side, suggestions
from tuners.peers import Make
from tuners.problems import Problem


@dataclass(frozen=True)
class Run:
    """What was asked for on the command line."""

    problems: Mapping[str, Problem]
    tuners: Mapping[str, Make]
    quick: bool
    say: Callable[[str], None]


def _suggestions(run: Run) -> None:
    marks = suggestions.MARKS
    rows = []
    for name, make in run.tuners.items():
        found = suggestions.seconds(make, run.quick)
        rows.append([name, *(f"{1e3 * found[m]:.3g}" if m in found else "-" for m in marks)])
    run.say("CPU milliseconds for one suggestion in 5 mixed dimensions; -: not waited for.")
    run.say(markdown(["after trials", *map(str, marks)], rows))


def _regret(run: Run) -> None:
    found = regret.measured(run.problems, run.tuners, run.quick)
    marks = regret.MARKS[:1] if run.quick else regret.MARKS
    seeds = {name: 2 if run.quick else regret.seeds_of(name) for name in run.tuners}
    run.say(
        "Mean regret in percent: how far the setting where the least value was seen is from the "
        "best one, as a share of the way to a typical random one. Seeds: "
        + ", ".join(f"{n} of {name}" for name, n in seeds.items())
        + "."
    )
    for mark in marks:
        run.say(regret.means(found, mark))
    run.say("Mean ranks over problems and seeds; p: Wilcoxon over the problems, against the first.")
    quick = [name for name in run.tuners if name not in regret.TRIALS]
    run.say(regret.ranks(found, quick, marks))
    if len(quick) < len(run.tuners):
        least = min(regret.TRIALS.values())
        run.say(regret.ranks(found, list(run.tuners), [mark for mark in marks if mark <= least]))
    if OURS in run.tuners:
        wins, losses = regret.differences(found, OURS, marks)
        run.say(f"Better by a paired test over seeds, p < {regret.CERTAIN}: {', '.join(wins)}.")
        run.say(f"Losses by the same test: {'; '.join(losses) or 'none'}.")


def _searches(run: Run) -> None:
    n, n_seeds = (8, 1) if run.quick else (searches.TRIALS, searches.SEEDS)
    run.say(
        f"CPU seconds on one thread and fits until the score of {searches.DRAWS} random draws is "
        f"reached, medians of {n_seeds} seeds that reach it within {n} evaluations. A point of a "
        "profiled path counts as a fit for each of its values."
    )
    ways = {name: way for name, way in searches.WAYS.items() if searches.is_here(name)}
    rows = []
    for title, case in searches.cases().items():
        score = searches.target(case, n if run.quick else searches.DRAWS)
        cells = [searches.cell(searches.traces(case, way, n_seeds, n), score) for way in ways]
        rows.append([f"{title}, {score:.4f}", *cells])
    run.say(markdown(["model, score", *ways], rows))


def _side(run: Run) -> None:
    run.say(
        "The same model searched in three ways, on two threads. Scores by cross-validation, and on "
        "rows that the search has not seen."
    )
    for title, table in side.tables(run.quick):
        run.say(markdown([title, "candidates", "fits", "time", "score", "held out"], table))


SECTIONS: dict[str, Callable[[Run], None]] = {
    "suggestions": _suggestions,
    "regret": _regret,
    "searches": _searches,
    "side by side": _side,
}
