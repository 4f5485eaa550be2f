"""Successive halving: many candidates on little of a resource, the best of them on ever more.

How many candidates stay and how much they get is scikit-learn's; what it lacks (time limits, no
choice among missing scores, spaces, trainings that go on) is added here. The evaluation is
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.utils.validation import _num_samples as n_rows

from setpoint.tuning import scikit
from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.evaluation import Evaluation
from setpoint.tuning.grid import Grid, combinations_of
from setpoint.tuning.random import proposals
from setpoint.tuning.search import Candidate
from setpoint.tuning.space import Space, default_space
from setpoint.tuning.unfinished import Unfinished

_LACKING = ("pre_dispatch", "race", "n_candidates_", "dropped_")


class _TimeIsOverError(Exception):
    """Ends scikit-learn's loop between two iterations."""


@dataclass(kw_only=True, eq=False, repr=False)
class HalvingSearchCV(SweepSearchCV):
    """What both searches by successive halving have in common."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.BaseSuccessiveHalving._parameter_constraints,
        **SweepSearchCV._own_constraints,
    }

    factor: float = 3
    resource: str = "n_samples"
    max_resources: int | str = "auto"
    min_resources: int | str = "exhaust"
    aggressive_elimination: bool = False
    cv: Any = 5
    return_train_score: bool = True
    random_state: Any = None
    pre_dispatch: int | str = field(default="2*n_jobs", init=False)
    race: bool = field(default=False, init=False)  # the rounds need more of a batch than its best

    def _check_input_parameters(self, X: Any, y: Any, split_params: Any) -> None:
        self._n_samples_orig = n_rows(X)
        super()._check_input_parameters(X, y, split_params)

    def _run_search(self, evaluate_candidates: Evaluation, *, callback_ctx: Any = None) -> None:
        """Run scikit-learn's loop of iterations, until the time is over."""
        evaluation = evaluate_candidates

        def evaluate(candidates: Any, cv: Any, **kwargs: Any) -> Mapping[str, Any]:
            if evaluation.clock.is_over():
                raise _TimeIsOverError
            if cv is not self._checked_cv_orig:  # scikit-learn's splitter, which draws the rows
                cv.random_state = self._random_state
            return evaluation(candidates, cv, **kwargs)

        self.n_remaining_candidates_ = 0
        if self.resource != "n_samples":
            evaluation.unfinished = Unfinished(self.resource)
        try:
            scikit.BaseSuccessiveHalving._run_search(self, evaluate, callback_ctx=callback_ctx)
        except _TimeIsOverError:
            evaluation.was_cut = True
            # The iteration that was about to begin is none.
            self.n_resources_.pop()
            self.n_remaining_candidates_ = self.n_candidates_.pop()
            self.n_iterations_ = len(self.n_resources_)

    def _chosen(self, evaluation: Evaluation, refit_metric: Any) -> dict[str, Any]:
        chosen = super()._chosen(evaluation, refit_metric)
        best = chosen["cv_results_"]["mean_test_score"][chosen["best_index_"]]
        return chosen | {"best_score_": best}

    def _saved(self, evaluation: Evaluation) -> dict[str, Any]:
        saved = super()._saved(evaluation)
        return saved | {"n_candidates_": self.n_candidates_}  # scikit-learn's: by iteration

    @staticmethod
    def _select_best_index(refit: Any, refit_metric: Any, results: Mapping[str, Any]) -> Any:
        """Select the best of the last iteration that has a score, or let `refit` select it."""
        scores, iterations = results["mean_test_score"], np.asarray(results["iter"])
        known = np.isfinite(scores)
        last = np.flatnonzero(known & (iterations == iterations[known].max(initial=0)))
        if not callable(refit) or not len(last):
            return int(last[np.argmax(scores[last])]) if len(last) else 0
        part = _part(results, last)
        return int(last[SweepSearchCV._select_best_index(refit, refit_metric, part)])


def _part(results: Mapping[str, Any], rows: NDArray[np.intp]) -> dict[str, Any]:
    """The table of some of the candidates, ranked among themselves."""
    part: dict[str, Any] = {
        name: values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
        for name, values in results.items()
    }
    ranks = rankdata(-part["mean_test_score"], method="min").astype(np.int32)
    return part | {"rank_test_score": ranks}


@dataclass(kw_only=True, eq=False, repr=False)
class HalvingGridSearchCV(HalvingSearchCV, scikit.HalvingGridSearchCV, without=_LACKING):
    """Search a grid by successive halving, with cross-validation.

    It is `sklearn.model_selection.HalvingGridSearchCV` in every argument, attribute and error, and
    needs no experimental import. Candidates of an iteration are evaluated together.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_grid : dict or list of dict
        Lists of values by hyperparameter name (``step__name`` in a pipeline), or several grids.
    {halving}
    {parameters}

    Attributes
    ----------
    {halving attributes}
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
        **SweepSearchCV._own_constraints,
    }

    param_grid: Grid = field(kw_only=False)

    def _generate_candidate_params(self) -> Sequence[Candidate]:
        return list(combinations_of(self.estimator, self.param_grid))


@dataclass(kw_only=True, eq=False, repr=False)
class HalvingRandomSearchCV(HalvingSearchCV, scikit.HalvingRandomSearchCV, without=_LACKING):
    """Search candidates that are drawn from a space by successive halving, with cross-validation.

    It is `sklearn.model_selection.HalvingRandomSearchCV` in every argument, attribute and error,
    and needs no experimental import. It draws the same candidates, but never one twice; those of an
    iteration are evaluated together.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_distributions : dict, list of dict or Space, default=None
        As in `RandomizedSearchCV`; None: the ranges that the estimator declares, but for that of
        the resource.
    n_candidates : 'exhaust' or int, default='exhaust'
        How many are drawn; 'exhaust': so many that the last ones get `max_resources`.
    {halving}
    {parameters}

    Attributes
    ----------
    {halving attributes}
    {attributes}

    {notes}
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.HalvingRandomSearchCV._parameter_constraints,
        **SweepSearchCV._own_constraints,
        "param_distributions": [dict, list, Space, None],
    }

    param_distributions: Any = field(default=None, kw_only=False)
    n_candidates: int | str = "exhaust"
    min_resources: int | str = "smallest"

    def _deciding(self) -> set[str]:
        return {"n_candidates"}  # and so the rows of each iteration

    def _generate_candidate_params(self) -> Sequence[Candidate]:
        if isinstance(self.n_candidates, str):  # 'exhaust'
            n = self.max_resources_ // self.min_resources_
        else:
            n = self.n_candidates
        space = self.param_distributions
        if space is None:
            space = default_space(self.estimator, without=self.resource)
        return proposals(self.estimator, space, n, self._random_state)
