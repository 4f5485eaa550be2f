"""`SweepSearchCV`: a scikit-learn search that evaluates its candidates by sweeps where it can.

It takes the place of `sklearn.model_selection.BaseSearchCV`: the checks, routing, scorers, tables,
selection and delegated methods are scikit-learn's; `fit` is written anew, because scikit-learn's
evaluates inside it. What to evaluate is a tuner's business (`grid.py`).
"""

from __future__ import annotations

import numbers
import time
import warnings
from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from setpoint.tuning import scikit
from setpoint.tuning.evaluation import Evaluation
from setpoint.tuning.search import Candidate, Clock, Progress, Scores, TimeLimitWarning, Tuner, run


class SweepSearchCV(scikit.BaseSearchCV):
    """Base of the searches over cross-validated candidates.

    A subclass sets ``time_limit`` and gives `_tuner`; or it has a scikit-learn search for another
    base, whose ``_run_search`` is then used.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.BaseSearchCV._parameter_constraints,
        "time_limit": [None, scikit.Interval(numbers.Real, 0, None, closed="neither")],
    }
    time_limit: float | None = None

    @scikit.fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Evaluate the candidates and, unless ``refit=False``, fit the best on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target of each row.
        **params : dict of str -> object
            Passed to the estimator's ``fit``, to the scorer and to the splitter, as
            scikit-learn's searches pass them: ``sample_weight`` and others as long as X are split
            along with it, ``groups`` goes to the splitter.

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
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = scikit.check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weight = params.get("sample_weight")
        told = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(estimator=self, **told)

        split = routed.splitter.split
        self._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self._check_input_parameters(X=X, y=y, split_params=split)
        self.n_splits_ = self._checked_cv_orig.get_n_splits(X, y, **split)
        with Progress(self.verbose > 0) as progress:
            clock = Clock(self.time_limit)
            evaluation = Evaluation(self, X, y, scorers, routed, clock, progress)
            # A search class of the user's may know nothing of callbacks.
            told_of = "callback_ctx" in signature(self._run_search).parameters
            self._run_search(evaluation, **({"callback_ctx": context} if told_of else {}))

        self._conclude(evaluation, refit_metric)
        if self.refit:
            self._refit(X, y, routed.estimator.fit, context, told)
        named = isinstance(scorers, scikit.MultimetricScorer)
        self.scorer_ = scorers._scorers if named else scorers
        context.call_on_fit_task_end(estimator=self, **told)
        return self

    def _tuner(self) -> Tuner:
        raise NotImplementedError("a search gives its tuner")

    def _n_candidates(self) -> int | None:
        """How many candidates the tuner will propose, where that is known."""
        return None

    def _run_search(self, evaluate_candidates: Evaluation, *, callback_ctx: Any = None) -> None:
        n = self._n_candidates()
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=None if n is None else n * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)

        def evaluate(batch: Sequence[Candidate]) -> Scores:
            results = evaluate_candidates(batch, callback_ctx=context)
            return self._fold_scores(results)[-len(batch) :]

        run(self._tuner(), evaluate, evaluate_candidates.clock)
        context.call_on_fit_task_end(estimator=self)

    def _fold_scores(self, results: Mapping[str, Any]) -> Scores:
        """Scores (n_candidates, n_folds) of the metric that decides, or of the first."""
        metrics = [key[12:] for key in results if key.startswith("split0_test_")]
        metric = self.refit if self.refit in metrics else metrics[0]
        splits = range(self.n_splits_)
        return np.column_stack([results[f"split{k}_test_{metric}"] for k in splits])

    def _conclude(self, evaluation: Evaluation, refit_metric: Any) -> None:
        """Choose the best candidate and say what was done and left out."""
        results = evaluation.results
        self.multimetric_ = evaluation.multimetric
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(evaluation.first_score)
            refit_metric = self.refit
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
            self.best_params_ = results["params"][self.best_index_]
        self.cv_results_ = results
        self.n_candidates_ = len(evaluation.candidates)
        self.n_fits_ = evaluation.n_fits
        self.skipped_ = evaluation.skipped
        done = evaluation.n_done
        self.sharing_ = (
            f"{done} candidate {_plural('fit', done)} scored from "
            f"{self.n_fits_} trained {_plural('model', self.n_fits_)}"
        )
        if self.skipped_:
            warnings.warn(
                f"time_limit={self.time_limit} s ended the search: {len(self.skipped_)} of "
                f"{self.n_candidates_} candidates were left out, wholly or on some folds. Their "
                "mean scores are NaN; the attribute skipped_ lists them.",
                TimeLimitWarning,
                stacklevel=4,
            )

    def _refit(self, X: Any, y: Any, fit_params: Any, context: Any, told: dict[str, Any]) -> None:
        # The parameters are cloned too: some may be estimators, as when a grid swaps a step.
        best = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        context = context.subcontext(task_name="refit-with-best-params")
        with context.propagate_callback_context(best):
            context.call_on_fit_task_begin(estimator=self, **told)
            start = time.time()
            # An estimator without a target has `fit(X)`, or a y that is None anyhow.
            best.fit(*((X,) if y is None else (X, y)), **fit_params)
            self.refit_time_ = time.time() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        context.call_on_fit_task_end(estimator=self, **told)


def _plural(word: str, n: int) -> str:
    return word if n == 1 else f"{word}s"
