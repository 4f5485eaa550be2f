"""The ordinary way to evaluate: clone, fit and score each candidate on each fold, with joblib.

It is scikit-learn's own function, called with scikit-learn's own arguments. The sweep leaves to it
whatever cannot be shared.
"""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from setpoint.tuning import scikit
from setpoint.tuning.search import Clock
from setpoint.tuning.task import Board, Group, Result, Task


def evaluate(task: Task, board: Board, caller: Any = None, contexts: Any = None) -> None:
    """Fill in every result that the board lacks, as far as the time goes."""
    pending = list(board.pending())
    if not pending or task.clock.is_over():
        return
    jobs = (_job(task, candidate, fold, caller, contexts) for candidate, fold in pending)
    results = Parallel(n_jobs=task.n_jobs, pre_dispatch=task.pre_dispatch, return_as="generator")(
        jobs
    )
    for place, result in zip(pending, results, strict=True):
        if result is not None:
            board.add(Group({place: result}, n_fits=int(result["fit_error"] is None)))


def _job(task: Task, candidate: int, fold: int, caller: Any, contexts: Any) -> Any:
    # The bar counts what was handed out; with one job at a time that is what was done.
    task.progress.advance(1)
    rows = task.folds[fold]
    n_folds, n_candidates = len(task.folds), len(task.candidates)
    return delayed(_fit_and_score_in_time)(
        task.clock,
        clone(task.estimator),
        task.X,
        task.y,
        train=rows.train,
        test=rows.test,
        parameters=task.candidates[candidate],
        split_progress=(fold, n_folds),
        candidate_progress=(candidate, n_candidates),
        scorer=task.scorer,
        fit_params=task.fit_params,
        score_params=task.score_params,
        return_train_score=task.return_train_score,
        return_n_test_samples=True,
        return_times=True,
        return_parameters=False,
        error_score=task.error_score,
        verbose=task.verbose,
        caller=caller,
        callback_ctx=None if contexts is None else contexts[candidate * n_folds + fold],
    )


def _fit_and_score_in_time(clock: Clock, *args: Any, **kwargs: Any) -> Result | None:
    if clock.is_over():
        return None
    result: Result = scikit.fit_and_score(*args, **kwargs)
    return result
