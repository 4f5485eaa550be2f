"""`setpoint tune`: search the hyperparameters of models by cross-validation, then fit the best."""

from __future__ import annotations

import argparse
import math
import sys
import time
from contextlib import redirect_stdout
from inspect import signature
from io import StringIO
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import KFold, StratifiedKFold

from setpoint.cli.common import (
    UsageError,
    Verbs,
    add_training_arguments,
    add_verb,
    check_writable,
    count,
    say,
)
from setpoint.cli.contest import Contest
from setpoint.cli.features import learn_names, matrix
from setpoint.cli.outcome import Outcome
from setpoint.cli.problem import Problem, read_problem
from setpoint.datasets.table import DataError, suggest
from setpoint.estimators.persistence import save
from setpoint.report.page.assemble import plotly
from setpoint.tuning import TUNERS, JournalError, Race

_USAGE = "FILE_OR_NAME [--target COLUMN] [--param NAME=VALUE,...] [options]"
_EPILOG = """\
Without --param, the model's own default grid is searched (`setpoint models` shows it with --json).
Rows are shuffled before they are cut into folds, by --seed; the same command gives the same scores.

examples:
  setpoint tune digits --model forest --search grid
  setpoint tune iris --param n_estimators=50,100,200 --param max_depth=2,4,None
  setpoint tune digits --search random --n-iter 50
  setpoint tune digits --model forest,svm,logistic --param forest.max_depth=4,8,None --race
  setpoint tune houses.parquet --target price --scoring neg_mean_absolute_error --cv 10
  setpoint tune customers.csv --target churned --drop id --save churn.safetensors
  setpoint tune digits --report digits.html
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command."""
    parser = add_verb(verbs, __name__, _USAGE, _EPILOG)
    add_training_arguments(parser, "one of, or several to choose from, with commas")
    add = parser.add_argument
    add("--search", choices=tuple(TUNERS), default="grid", help="how to search")
    add(
        "--param",
        metavar="NAME=VALUE[,VALUE...]",
        action="append",
        default=[],
        help="a hyperparameter and the values to try; repeatable; of several models MODEL.NAME "
        "(default: a model's own grid, or for random searches its own ranges)",
    )
    add("--n-iter", type=count, metavar="N", help="candidates that a search draws")
    add("--race", action="store_true", help="drop candidates that a few folds rule out")
    add(
        "--stop-under-noise",
        action="store_true",
        help="end a Bayesian search when less is left to gain than the folds can tell",
    )
    add("--cv", type=_folds, default=5, metavar="N", help="number of folds (default: %(default)s)")
    add("--no-shuffle", action="store_true", help="cut folds from the rows in their order")
    add("--scoring", metavar="NAME", help="scikit-learn's name (default: accuracy, or r2)")
    add("--time-limit", type=_seconds, metavar="SECONDS", help="stop then with the best so far")
    add("--journal", metavar="FILE", help="keep what is finished there; the same command goes on")
    add("--top", type=count, default=10, metavar="N", help="candidates to print (default: 10)")
    add("--no-refit", action="store_true", help="do not fit the best on all rows afterwards")
    add("--save", metavar="FILE", help="write the refitted best model (.safetensors)")
    add("--report", metavar="FILE", help="write what was found as an interactive page (.html)")
    add("--json", action="store_true", help="machine-readable output, of all candidates")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Carry out the verb."""
    if args.save and args.no_refit:
        raise UsageError("--save needs the refit that --no-refit leaves out")
    check_writable(args.save)
    check_writable(args.report)
    if args.report:
        _check_plotly()
    scoring = _scoring(args.scoring)
    problem = read_problem(args)
    kind = TUNERS[args.search]
    X, extra = matrix(problem.features)
    contest = Contest.of(args, problem, extra)
    space = contest.space(args.param, as_grid="param_grid" in signature(kind).parameters)
    settings = _settings(args, kind)
    say(f"{problem.name}: {problem.shape}, {problem.task} of {problem.target!r}")
    search = kind(
        contest.estimator,
        space,
        scoring=scoring,
        n_jobs=args.jobs,
        refit=not args.no_refit,
        cv=_splitter(args, problem),
        verbose=int(sys.stderr.isatty()),
        time_limit=args.time_limit,
        journal=args.journal,
        return_train_score=args.report is not None,
        **settings,
    )
    start = time.perf_counter()
    with redirect_stdout(StringIO()):  # the summary says what a verbose search prints
        try:
            search.fit(X, problem.y)
        except JournalError as error:
            raise UsageError(f"--journal: {error}") from None
    if np.isnan(search.cv_results_["mean_test_score"]).all():
        raise DataError("no candidate has a score; the warnings above say why")
    outcome = Outcome(args, problem, contest, search, time.perf_counter() - start)
    if args.save:
        learn_names(search.best_estimator_, problem.features)
        save(search.best_estimator_, args.save)
    if args.report:
        search.report(args.report)
    outcome.print()


def _check_plotly() -> None:
    """Say what is missing before the work, not after it."""
    try:
        plotly()
    except ImportError as error:
        raise UsageError(f"--report: {error}") from error


def _settings(args: argparse.Namespace, kind: Any) -> dict[str, Any]:
    """Those of the flags that only some searches have."""
    known = signature(kind).parameters
    if args.n_iter is not None and known.keys().isdisjoint(("n_iter", "n_candidates")):
        raise UsageError(f"--n-iter: --search {args.search} does not draw candidates")
    if args.stop_under_noise and "stop_under_noise" not in known:
        raise UsageError("--stop-under-noise: only --search bayes knows what is left to gain")
    if args.race and "race" not in known:
        raise UsageError(f"--race: --search {args.search} drops candidates by its own rounds")
    if args.race:
        try:
            Race().check(args.cv)
        except ValueError as error:
            raise UsageError(f"--race: {error}") from None
    settings = {
        "random_state": args.seed,
        "n_iter": args.n_iter,
        "n_candidates": args.n_iter,  # the same in a successive halving
        "race": args.race,
        "stop_under_noise": args.stop_under_noise,
    }
    return {name: value for name, value in settings.items() if name in known and value is not None}


def _splitter(args: argparse.Namespace, problem: Problem) -> Any:
    if args.cv > problem.features.n_rows:
        raise UsageError(f"--cv {args.cv}: there are only {problem.features.n_rows} rows")
    kind = StratifiedKFold if problem.task == "classification" else KFold
    if problem.task == "classification":
        largest = np.unique_counts(problem.y).counts.max()
        if largest < args.cv:
            raise UsageError(
                f"--cv {args.cv}: no class of {problem.target!r} has so many rows, the largest has "
                f"{largest}. Take fewer folds, another --target, or --task regression for numbers."
            )
    return kind(args.cv) if args.no_shuffle else kind(args.cv, shuffle=True, random_state=args.seed)


def _scoring(name: str | None) -> str | None:
    names = list(get_scorer_names())
    if name is not None and name not in names:
        raise UsageError(f"--scoring: no metric {name!r}{suggest(name, names)}")
    return name


def _folds(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"needs at least 2 folds, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text!r}")
    return seconds
