"""Whole searches of models on data: CPU time and fits until a score is reached. Prints nothing."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
from sklearn import ensemble, linear_model, svm
from sklearn.datasets import load_diabetes, make_classification
from sklearn.model_selection import check_cv, cross_val_score

from setpoint import (
    SVC,
    BayesSearchCV,
    ElasticNet,
    Integer,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
)
from tables import duration
from tuners.peers import suggested

FOLDS = 3
SEEDS = 5
TRIALS = 25
DRAWS = 100
"""Random draws whose best score is to be reached."""

Trace = list[tuple[float, int, float]]
"""CPU seconds, fits and the best mean score so far, after each evaluation."""


@dataclass(frozen=True)
class Case:
    """A model, the other library's model, a space that both know, and rows."""

    ours: Any
    theirs: Any
    space: Mapping[str, Any]
    X: Any
    y: Any


def cases() -> dict[str, Case]:
    """By name."""
    X, y = make_classification(3000, 20, n_informative=8, flip_y=0.1, class_sep=0.7, random_state=0)
    forest: dict[str, Any] = {
        "n_estimators": Integer(50, 500, log=True),
        "max_depth": Integer(2, 32, log=True),
        "min_samples_split": Integer(2, 64, log=True),
        "ccp_alpha": Real(1e-6, 1e-1, log=True),
        "max_features": Real(0.1, 1.0),
        "min_samples_leaf": Integer(1, 32, log=True),
        "max_samples": Real(0.3, 1.0),
    }
    kernel = {"C": Real(1e-3, 1e3, log=True), "gamma": Real(1e-4, 1e1, log=True)}
    net = {"alpha": Real(1e-4, 1e2, log=True), "l1_ratio": Real(0.01, 1.0)}
    D, t = load_diabetes(return_X_y=True)
    D = np.hstack([D, D[:, :, None].repeat(10, 2).reshape(len(D), -1) * np.tile(D, 10)])
    D = (D - D.mean(axis=0)) / D.std(axis=0)
    return {
        "forest": Case(
            RandomForestClassifier(random_state=0),
            ensemble.RandomForestClassifier(random_state=0),
            forest,
            X,
            y,
        ),
        "elastic net": Case(
            ElasticNet(max_iter=10_000), linear_model.ElasticNet(max_iter=10_000), net, D, t
        ),
        "svm": Case(SVC(), svm.SVC(), kernel, X[:1500], y[:1500]),
    }


class _Traced(BayesSearchCV):
    """Keeps when each batch was evaluated, and how good it was."""

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        self.evaluation_, self.trace_, self.begin_ = evaluate_candidates, [], time.process_time()
        super()._run_search(evaluate_candidates, callback_ctx=callback_ctx)

    def _fold_scores(self, results: Any) -> Any:
        scores = super()._fold_scores(results)
        best = max(self.trace_[-1][2] if self.trace_ else -np.inf, scores.mean(axis=1).max())
        seconds = time.process_time() - self.begin_
        self.trace_.append((seconds, self.evaluation_.n_fits, best))
        return scores


def _ours(case: Case, seed: int, n: int, profile: bool) -> Trace:
    search = _Traced(
        case.ours, case.space, n_iter=n, profile=profile, cv=FOLDS, refit=False, n_jobs=1,
        random_state=seed,
    )  # fmt: skip
    found: Trace = search.fit(case.X, case.y).trace_
    return found


def _optuna(case: Case, model: Any, seed: int, n: int) -> Trace:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    folds = check_cv(FOLDS, case.y, classifier=hasattr(model, "predict_proba"))
    trace: Trace = []
    begin = time.process_time()

    def objective(trial: Any) -> float:
        params = {name: suggested(trial, name, d) for name, d in case.space.items()}
        score = float(cross_val_score(model.set_params(**params), case.X, case.y, cv=folds).mean())
        best = max(trace[-1][2] if trace else -np.inf, score)
        trace.append((time.process_time() - begin, FOLDS * (len(trace) + 1), best))
        return score

    study.optimize(objective, n_trials=n)
    return trace


WAYS: dict[str, Callable[[Case, int, int], Trace]] = {
    "setpoint, profiled": lambda case, seed, n: _ours(case, seed, n, True),
    "setpoint, not profiled": lambda case, seed, n: _ours(case, seed, n, False),
    "Optuna TPE, setpoint's model": lambda case, seed, n: _optuna(case, case.ours, seed, n),
    "Optuna TPE, scikit-learn's model": lambda case, seed, n: _optuna(case, case.theirs, seed, n),
}


def target(case: Case, n: int) -> float:
    """The score to reach: the best of a random search of `n` draws."""
    search = RandomizedSearchCV(
        case.ours, case.space, n_iter=n, cv=FOLDS, refit=False, random_state=1000
    )
    return float(search.fit(case.X, case.y).best_score_)


def reached(trace: Trace, score: float) -> tuple[float, int] | None:
    """CPU seconds and fits until a score was reached."""
    return next(((seconds, fits) for seconds, fits, best in trace if best >= score), None)


def traces(case: Case, way: str, n_seeds: int, n: int) -> list[Trace]:
    """One search a seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [WAYS[way](case, seed, n) for seed in range(n_seeds)]


def cell(found: list[Trace], score: float) -> str:
    """Medians of those that reach the score, how many do, and the median score at the end."""
    there = [at for trace in found if (at := reached(trace, score)) is not None]
    end = f"{len(there)} of {len(found)}, ends at {median(trace[-1][2] for trace in found):.4f}"
    if not there:
        return end
    seconds, fits = (median(at[i] for at in there) for i in (0, 1))
    return f"{duration(seconds)}, {fits:.0f} fits, {end}"


def is_here(way: str) -> bool:
    """Whether what a way needs is installed."""
    return "Optuna" not in way or find_spec("optuna") is not None
