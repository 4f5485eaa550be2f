"""Successive halving: many candidates on little of a resource, the best of them on ever more.

How many candidates stay and how much they get is scikit-learn's; what it lacks (time limits, no
choice among missing scores, spaces) is added here. The evaluation is elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import _num_samples as n_rows

from setpoint.tuning import scikit
from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.evaluation import Evaluation
from setpoint.tuning.grid import Grid
from setpoint.tuning.random import proposals
from setpoint.tuning.search import Candidate
from setpoint.tuning.space import Space


class _TimeIsOverError(Exception):
    """Ends scikit-learn's loop between two iterations."""


class HalvingSearchCV(SweepSearchCV):
    """What both searches by successive halving have in common."""

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Evaluate the candidates on ever more of the resource, and fit the best on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_output), default=None
            Target of each row.
        **params : dict of str -> object
            Passed on as by scikit-learn's searches.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        ValueError
            If every fit failed, or an argument is not allowed.
        TimeoutError
            If ``time_limit`` ended before one candidate was evaluated on all folds.
        """
        self._n_samples_orig = n_rows(X)
        super().fit(X, y, **params)
        self.best_score_ = self.cv_results_["mean_test_score"][self.best_index_]
        return self

    def _halve(self, loop: Callable[..., None], evaluation: Evaluation, context: Any) -> None:
        """Run scikit-learn's loop of iterations, until the time is over."""

        def evaluate(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
            if evaluation.clock.is_over():
                raise _TimeIsOverError
            return evaluation(*args, **kwargs)

        self.n_remaining_candidates_ = 0
        try:
            loop(self, evaluate, callback_ctx=context)
        except _TimeIsOverError:
            evaluation.was_cut = True
            # The iteration that was about to begin is none.
            self.n_resources_.pop()
            self.n_remaining_candidates_ = self.n_candidates_.pop()
            self.n_iterations_ = len(self.n_resources_)

    def _saved(self, evaluation: Evaluation) -> dict[str, Any]:
        saved = super()._saved(evaluation)
        return saved | {"n_candidates_": self.n_candidates_}  # scikit-learn's: by iteration

    @staticmethod
    def _select_best_index(refit: Any, refit_metric: Any, results: Mapping[str, Any]) -> Any:
        """Select the best of the last iteration that has a score."""
        scores, iterations = results["mean_test_score"], np.asarray(results["iter"])
        known = np.isfinite(scores)
        last = known & (iterations == iterations[known].max(initial=0))
        return int(np.argmax(np.where(last, scores, -np.inf)))


class HalvingGridSearchCV(
    HalvingSearchCV, scikit.HalvingGridSearchCV, without=("pre_dispatch", "n_candidates_")
):
    """Search a grid by successive halving, with cross-validation.

    It is `sklearn.model_selection.HalvingGridSearchCV` in every argument, attribute and error, and
    needs no experimental import. Candidates of an iteration are evaluated together.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_grid : dict or list of dict
        Lists of values by hyperparameter name (``step__name`` in a pipeline), or several grids.
    factor : int or float, default=3
        One in so many candidates stays from iteration to iteration, with that many times the
        resource.
    resource : 'n_samples' or str, default='n_samples'
        What grows: the rows, or a hyperparameter such as ``n_estimators``.
    max_resources : int or 'auto', default='auto'
        The most of it that a candidate gets; 'auto': all rows.
    min_resources : {'exhaust', 'smallest'} or int, default='exhaust'
        What candidates begin with; 'exhaust': so much that the last ones get `max_resources`.
    aggressive_elimination : bool, default=False
        Repeat the first iteration until few enough candidates are left to reach `max_resources`.
    random_state : int, RandomState instance or None, default=None
        Seed of the rows that are drawn.
    {parameters}

    Attributes
    ----------
    n_resources_ : list of int
        The resource at each iteration.
    n_candidates_ : list of int
        The number of candidates at each iteration.
    n_remaining_candidates_ : int
        How many would have gone on.
    n_iterations_ : int
        The number of iterations; fewer than planned if the time was over.
    {attributes}

    {notes}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from setpoint import HalvingGridSearchCV, RandomForestClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> grid = {"max_depth": [2, 4, 8, None], "max_features": [4, 8, 16]}
    >>> forest = RandomForestClassifier(random_state=0)
    >>> search = HalvingGridSearchCV(forest, grid, resource="n_estimators", max_resources=90)
    >>> search.fit(X, y).n_resources_
    [10, 30, 90]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.HalvingGridSearchCV._parameter_constraints,
        "time_limit": SweepSearchCV._parameter_constraints["time_limit"],
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Grid,
        *,
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.time_limit = time_limit

    def _run_search(self, evaluate_candidates: Evaluation, *, callback_ctx: Any = None) -> None:
        loop = scikit.HalvingGridSearchCV._run_search
        self._halve(loop, evaluate_candidates, callback_ctx)


class HalvingRandomSearchCV(
    HalvingSearchCV, scikit.HalvingRandomSearchCV, without=("pre_dispatch", "n_candidates_")
):
    """Search candidates that are drawn from a space by successive halving, with cross-validation.

    It is `sklearn.model_selection.HalvingRandomSearchCV` in every argument, attribute and error,
    and needs no experimental import. It draws the same candidates, but never one twice; those of an
    iteration are evaluated together.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_distributions : dict, list of dict or Space, default=None
        As in `RandomizedSearchCV`; None: the ranges that the estimator declares.
    n_candidates : 'exhaust' or int, default='exhaust'
        How many are drawn; 'exhaust': so many that the last ones get `max_resources`.
    factor : int or float, default=3
        One in so many candidates stays from iteration to iteration, with that many times the
        resource.
    resource : 'n_samples' or str, default='n_samples'
        What grows: the rows, or a hyperparameter such as ``n_estimators``.
    max_resources : int or 'auto', default='auto'
        The most of it that a candidate gets; 'auto': all rows.
    min_resources : {'exhaust', 'smallest'} or int, default='smallest'
        What candidates begin with; 'exhaust': so much that the last ones get `max_resources`.
    aggressive_elimination : bool, default=False
        Repeat the first iteration until few enough candidates are left to reach `max_resources`.
    random_state : int, RandomState instance or None, default=None
        Seed of the candidates and of the rows that are drawn.
    {parameters}

    Attributes
    ----------
    n_resources_ : list of int
        The resource at each iteration.
    n_candidates_ : list of int
        The number of candidates at each iteration.
    n_remaining_candidates_ : int
        How many would have gone on.
    n_iterations_ : int
        The number of iterations; fewer than planned if the time was over.
    {attributes}

    {notes}
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.HalvingRandomSearchCV._parameter_constraints,
        "time_limit": SweepSearchCV._parameter_constraints["time_limit"],
        "param_distributions": [dict, list, Space, None],
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any = None,
        *,
        n_candidates: int | str = "exhaust",
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "smallest",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_candidates=n_candidates,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.time_limit = time_limit

    def _run_search(self, evaluate_candidates: Evaluation, *, callback_ctx: Any = None) -> None:
        loop = scikit.HalvingRandomSearchCV._run_search
        self._halve(loop, evaluate_candidates, callback_ctx)

    def _generate_candidate_params(self) -> Sequence[Candidate]:
        n = self.n_candidates
        if n == "exhaust":
            n = self.max_resources_ // self.min_resources_
        return proposals(self.estimator, self.param_distributions, n, self.random_state)
