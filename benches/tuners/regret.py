"""How good what a tuner finds is: regrets, mean ranks and paired tests. Prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata, wilcoxon

from tables import markdown
from tuners.curves import regrets
from tuners.peers import Make
from tuners.problems import Problem

MARKS = (20, 50, 100)

SEEDS = {"Optuna GP": 3, "scikit-optimize GP": 3}
"""Of the slow tuners; the others have `MANY`."""

MANY = 30

TRIALS = {"Optuna GP": 50, "scikit-optimize GP": 50}
"""Of the slow tuners; the others have the last of `MARKS`."""

CERTAIN = 0.05
"""Two tuners differ if a Wilcoxon test over paired seeds gives less than this."""

Regrets = Mapping[str, Mapping[str, Any]]
"""By problem and tuner: (n_seeds, n_trials)."""


def seeds_of(name: str) -> int:
    """How many searches a tuner makes of each problem."""
    return SEEDS.get(name, MANY)


def measured(problems: Mapping[str, Problem], tuners: Mapping[str, Make], quick: bool) -> Regrets:
    """All runs, from what is kept where they were made before."""
    found: dict[str, dict[str, Any]] = {}
    for title, problem in problems.items():
        for name, make in tuners.items():
            n_seeds = 2 if quick else seeds_of(name)
            n = MARKS[0] if quick else TRIALS.get(name, MARKS[-1])
            runs = [regrets(name, make, title, problem, seed, n) for seed in range(n_seeds)]
            found.setdefault(title, {})[name] = np.array(runs)
    return found


def means(found: Regrets, mark: int) -> str:
    """Mean regret of each tuner on each problem, in percent."""
    names = list(next(iter(found.values())))
    rows = [
        [title, *(_percent(runs[name], mark) for name in names)] for title, runs in found.items()
    ]
    return markdown([f"after {mark} trials", *names], rows)


def _percent(runs: Any, mark: int) -> str:
    return f"{100 * runs[:, mark - 1].mean():.3g}" if runs.shape[1] >= mark else "-"


def ranks(found: Regrets, names: Sequence[str], marks: Sequence[int]) -> str:
    """Mean ranks over problems and the seeds that all these tuners have; and paired tests.

    The test compares the mean regrets of two tuners over the problems.
    """
    n_seeds = min(runs[name].shape[0] for runs in found.values() for name in names)
    rows = []
    for mark in marks:
        at = np.array([[r[n][:n_seeds, mark - 1] for n in names] for r in found.values()])
        places = rankdata(at, axis=1).mean(axis=(0, 2))
        cells = [f"{place:.2f}" for place in places]
        for i, name in enumerate(names):
            if name != names[0] and len(at) > 5:
                # Problems differ in scale: the logarithm makes their differences comparable.
                logs = np.log(at.mean(axis=2) + 1e-6)
                cells[i] += f" (p = {wilcoxon(logs[:, 0], logs[:, i]).pvalue:.1g})"
        rows.append([f"{mark}", *cells])
    return markdown([f"trials ({n_seeds} seeds)", *names], rows)


def differences(found: Regrets, ours: str, marks: Sequence[int]) -> tuple[list[str], list[str]]:
    """How often ours is better than each, and where it is worse, by paired tests over the seeds."""
    wins: dict[str, int] = {}
    cells: dict[str, int] = {}
    losses = []
    for title, runs in found.items():
        for name in runs:
            if name == ours:
                continue
            n = min(len(runs[ours]), len(runs[name]))
            for mark in (mark for mark in marks if mark <= runs[name].shape[1]):
                own, other = runs[ours][:n, mark - 1], runs[name][:n, mark - 1]
                cells[name] = cells.get(name, 0) + 1
                wins[name] = wins.get(name, 0) + _is_less(own, other)
                if _is_less(other, own):
                    losses.append(f"{title} after {mark}: {name}")
    return [f"{name} {count} of {cells[name]}" for name, count in wins.items()], losses


def _is_less(one: Any, other: Any) -> bool:
    if not (one != other).any():
        return False
    return bool(wilcoxon(one, other, alternative="less").pvalue < CERTAIN)
