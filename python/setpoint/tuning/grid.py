"""`GridSearchCV`: every combination of a grid. The loop and the evaluation are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV
from sklearn.model_selection import ParameterGrid

from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.search import Candidate, Tuner

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]


def grid(param_grid: Grid) -> Tuner:
    """Propose every combination of the grid in one batch, in scikit-learn's order."""
    candidates: list[Candidate] = list(ParameterGrid(param_grid))
    yield candidates


class GridSearchCV(SweepSearchCV, ScikitGridSearchCV):
    """Search every combination of a grid, by cross-validation, for about the cost of training.

    It is `sklearn.model_selection.GridSearchCV` in every argument, attribute and error. For an
    estimator of setpoint, alone or as the last step of a `sklearn.pipeline.Pipeline`, candidates
    are evaluated by sweeps: what they share is computed once, and each candidate's held-out scores
    are those of fitting it alone. Any other estimator is cloned, fitted and scored with joblib.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_grid : dict or list of dict
        Lists of values by hyperparameter name (``step__name`` in a pipeline), or several such
        grids, which are searched one after the other.
    scoring : str, callable, list, tuple or dict, default=None
        As in scikit-learn: one metric, several, or None for the estimator's ``score``. Usual
        metrics of scikit-learn are computed in the compiled core, with the same result; any other
        scorer is called with the held-out predictions.
    n_jobs : int, default=None
        Threads of a sweep: None is the estimator's own `n_jobs`, and all cores if that is None
        too; a number is that many, -1 all cores; inside a worker of another pool it is one.
        For any other estimator it is joblib's, as in scikit-learn: None is 1.
    refit : bool, str or callable, default=True
        Fit the best candidate on all rows; the metric that decides, if there are several; or a
        function from ``cv_results_`` to the index of the best. Time spent here is not limited.
    cv : int, splitter or iterable, default=None
        Folds, as in scikit-learn: None is 5.
    verbose : int, default=0
        1 prints how many fits there are and shows a progress bar; more prints each fit, as
        scikit-learn does.
    pre_dispatch : int or str, default='2*n_jobs'
        For joblib only.
    error_score : 'raise' or number, default=numpy.nan
        Score of a candidate that cannot be fitted, with a warning; 'raise' raises its error.
    return_train_score : bool, default=False
        Whether to score the training rows too.
    time_limit : float, default=None
        Seconds for evaluating candidates. When they are over, the best candidate so far is chosen
        among those that have all their folds, a `TimeLimitWarning` says how many were left out and
        ``skipped_`` which; their mean scores are NaN. A fit that the joblib way has begun is
        completed.

    Attributes
    ----------
    cv_results_ : dict of str to (masked) array
        Scores, ranks, times and hyperparameters, one entry a candidate, as in scikit-learn. A fit
        time is the candidate's share of the sweep's.
    best_estimator_ : estimator
        Fitted on all rows, unless ``refit=False``.
    best_score_ : float
        Mean held-out score of the best candidate.
    best_params_ : dict
        Its hyperparameters.
    best_index_ : int
        Its place in ``cv_results_``.
    scorer_ : callable or dict
        The scorer, or the scorers by name.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit.
    multimetric_ : bool
        Whether there are several metrics.
    n_candidates_ : int
        Number of candidates.
    n_fits_ : int
        Models that were trained to score the candidates; the last fit is not counted.
    sharing_ : str
        The same in words: "180 candidate fits scored from 5 trained models".
    skipped_ : list of dict
        Candidates that the time limit left without a score on some fold.

    Notes
    -----
    With ``random_state=None`` in the estimator, one seed is drawn for the whole search, where
    scikit-learn draws anew for every fit: the candidates differ by their hyperparameters and not by
    luck, and can share their training. The last fit uses the estimator's own ``random_state``.

    A fold whose training rows lack a class, and hyperparameters that are refused, are evaluated the
    ordinary way, so that scores, warnings and errors are scikit-learn's.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import GridSearchCV, RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"n_estimators": [10, 20, 50], "max_depth": [1, 2, 4, None]}
    >>> search = GridSearchCV(RandomForestClassifier(random_state=0), grid).fit(X, y)
    >>> search.sharing_
    '60 candidate fits scored from 5 trained models'
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ScikitGridSearchCV._parameter_constraints,
        **SweepSearchCV._parameter_constraints,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Grid,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.time_limit = time_limit

    def _tuner(self) -> Tuner:
        return grid(self.param_grid)

    def _n_candidates(self) -> int:
        return len(ParameterGrid(self.param_grid))
