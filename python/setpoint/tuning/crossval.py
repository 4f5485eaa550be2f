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
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from inspect import signature
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from setpoint.tuning import scikit
from setpoint.tuning.data_facts import DataFacts
from setpoint.tuning.documented import completed
from setpoint.tuning.evaluation import Evaluation
from setpoint.tuning.identity import facts_of
from setpoint.tuning.journal import Journal
from setpoint.tuning.nested import nested
from setpoint.tuning.one_of import OneOf
from setpoint.tuning.race import Race
from setpoint.tuning.remote import Workers
from setpoint.tuning.search import (
    Candidate,
    Clock,
    Closing,
    Progress,
    Scores,
    TimeLimitWarning,
    Tuner,
    run,
)
from setpoint.tuning.seeds import draw
from setpoint.tuning.task import Result
from setpoint.tuning.trials import Trials

if TYPE_CHECKING:
    from setpoint.report.search_plots import SearchPlots

# Not all of them are learned by every fit: those of an earlier one must not stay.
_LEARNED = (
    "best_estimator_",
    "best_index_",
    "best_params_",
    "best_score_",
    "feature_names_in_",
    "nested_",
    "refit_time_",
)


@dataclass(kw_only=True, eq=False, repr=False)
class SweepSearchCV(scikit.BaseSearchCV):
    """Base of the searches over cross-validated candidates, with the arguments of all of them.

    A subclass adds its own as fields and gives `_tuner`; or it has a scikit-learn search for
    another base, whose ``_run_search`` is then used. `without` names the entries of the shared
    docstring that it does not have.
    """

    _own_constraints: ClassVar[dict[str, Any]] = {
        "time_limit": [None, scikit.Interval(numbers.Real, 0, None, closed="neither")],
        "fit_time_limit": [None, scikit.Interval(numbers.Real, 0, None, closed="neither")],
        "journal": [str, PathLike, None],
        "executor": [scikit.HasMethods("submit"), None],
        "nested_cv": ["cv_object", None],
        "race": ["boolean", Race],
    }
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **scikit.BaseSearchCV._parameter_constraints,
        **_own_constraints,
    }

    estimator: Any = field(kw_only=False)
    scoring: Any = None
    n_jobs: int | None = None
    refit: Any = True
    cv: Any = None
    verbose: int = 0
    pre_dispatch: int | str = "2*n_jobs"
    error_score: Any = np.nan
    return_train_score: bool = False
    time_limit: float | None = None
    fit_time_limit: float | None = None
    journal: str | PathLike[str] | None = None
    executor: Any = None
    nested_cv: Any = None
    race: bool | Race = False

    _goes_on_after_failures: ClassVar[bool] = False
    """Whether the tuner may find candidates that can be fitted after a batch of none."""

    def __init_subclass__(cls, without: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__doc__" in vars(cls) and cls.__doc__:
            cls.__doc__ = completed(cls.__doc__, without=without)

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
        before = dict(vars(self))
        try:
            self._fit(X, y, params)
        except BaseException:  # what was learned before still goes together; callbacks are done
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    @scikit.fit_context(prefer_skip_nested_validation=False)
    def _fit(self, X: Any, y: Any, params: Mapping[str, Any]) -> None:
        if self.nested_cv is not None and not self.refit:
            raise ValueError("nested_cv scores best estimators: it needs refit=True")
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = scikit.check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        weight = params.get("sample_weight")
        told = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(estimator=self, **told)

        start = time.perf_counter()
        split = routed.splitter.split
        self._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self._check_input_parameters(X=X, y=y, split_params=split)
        self.n_splits_ = self._checked_cv_orig.get_n_splits(X, y, **split)
        race = Race.of(self.race)
        if race is not None:
            race.check(self.n_splits_)
        with ExitStack() as stack:
            progress = stack.enter_context(Progress(self.verbose > 0))
            journal = self._opened_journal(stack, X, y, params)
            workers = None
            if self.executor is not None:
                workers = stack.enter_context(Workers(self.executor))
            clock = Clock(self.time_limit)
            evaluation = Evaluation(self, X, y, scorers, routed, clock, progress, journal, workers)
            # A search class of the user's may know nothing of callbacks.
            told_of = "callback_ctx" in signature(self._run_search).parameters
            self._run_search(evaluation, **({"callback_ctx": context} if told_of else {}))
            evaluation.finish()

        learned = self._chosen(evaluation, refit_metric) | self._saved(evaluation)
        self._warn_of_limit(evaluation)
        learned |= {"search_time_": time.perf_counter() - start}
        learned |= {"data_": DataFacts.of(X, y, self.estimator)}
        if self.refit:
            known = evaluation.refitted.get(learned["best_index_"])
            learned |= self._refitted(learned, X, y, routed.estimator.fit, known, context, told)
        if self.nested_cv is not None:
            learned["nested_"] = nested(self, X, y, params, split)
        named = isinstance(scorers, scikit.MultimetricScorer)
        self._adopt(learned | {"scorer_": scorers._scorers if named else scorers})
        context.call_on_fit_task_end(estimator=self, **told)

    @property
    def plot(self) -> SearchPlots:
        """Plots of the fitted search: ``search.plot.history()`` and others (`SearchPlots`)."""
        from setpoint.report.record import Record
        from setpoint.report.search_plots import SearchPlots

        return SearchPlots(Record.of_search(self), self)

    def report(self, path: str | PathLike[str]) -> None:
        """Write what the search found as one interactive HTML page that needs no network.

        The best candidates, how the scores came about, what each hyperparameter does and matters,
        whether the best under- or overfits, what the time went to. With
        ``return_train_score=True`` it shows the scores on the training rows too.

        Parameters
        ----------
        path : str or path
            Where to write.

        Raises
        ------
        ImportError
            If plotly is not installed; its script becomes a part of the page.
        """
        from setpoint.report.page.assemble import write
        from setpoint.report.record import Record

        write(path, Record.of_search(self), self)

    def _opened_journal(
        self, stack: ExitStack, X: Any, y: Any, metadata: Mapping[str, Any]
    ) -> Journal | None:
        """The journal, if there is one, and the random state, which it remembers if it is drawn."""
        self._random_state = getattr(self, "random_state", None)
        if self.journal is None:
            return None
        journal = stack.enter_context(Journal(self.journal, facts_of(self, X, y, metadata)))
        if self._random_state is None:
            self._random_state = journal.remember("random_state", draw)
        return journal

    def _adopt(self, learned: Mapping[str, Any]) -> None:
        """Become fitted, all at once, and forget what an earlier fit has learned."""
        for name in _LEARNED:
            self.__dict__.pop(name, None)
        self.__dict__.update(learned)

    def __getstate__(self) -> dict[str, Any]:
        # An executor cannot be written to a file or copied.
        return {**super().__getstate__(), "executor": None}

    def __sklearn_clone__(self) -> Self:
        cloned: Self = scikit.clone_parametrized(copy(self))
        cloned.executor = self.executor
        return cloned

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "cv_results_")

    @property
    def trials(self) -> Trials:
        """The candidates and their scores as a table: see `Trials`."""
        check_is_fitted(self)
        return Trials(self.cv_results_, self.refit if isinstance(self.refit, str) else None)

    def _tuner(self) -> Tuner:
        raise NotImplementedError("a search gives its tuner")

    def _n_candidates(self) -> int | None:
        """How many candidates the tuner will propose, where that is known."""
        return None

    def _deciding(self) -> set[str]:
        """Arguments that usually decide no candidate, and do here: those of a journal have them."""
        return set()

    def _run_search(self, evaluate_candidates: Evaluation, *, callback_ctx: Any = None) -> None:
        n = self._n_candidates()
        if n is not None:
            evaluate_candidates.plan(n)
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=None if n is None else n * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)

        def evaluate(batch: Sequence[Candidate]) -> Scores:
            is_closing = isinstance(batch, Closing)
            return evaluate_candidates.evaluate(
                list(batch), callback_ctx=context, is_closing=is_closing
            )

        ended = run(self._tuner(), evaluate, evaluate_candidates.clock)
        evaluate_candidates.was_cut = not ended
        context.call_on_fit_task_end(estimator=self)

    def _fold_scores(self, results: Sequence[Sequence[Result | None]]) -> Scores:
        """Scores (n_candidates, n_folds) of the metric that decides, or of the first."""

        def score(result: Result | None) -> float:
            scores = np.nan if result is None else result["test_scores"]
            if isinstance(scores, Mapping):
                scores = scores[
                    self.refit
                    if isinstance(self.refit, str) and self.refit in scores
                    else next(iter(scores))
                ]
            return float(scores)

        return np.array([[score(result) for result in row] for row in results])

    def _chosen(self, evaluation: Evaluation, refit_metric: Any) -> dict[str, Any]:
        """The table of results and the best candidate, by attribute."""
        results, several = evaluation.results, evaluation.multimetric
        chosen: dict[str, Any] = {"cv_results_": results, "multimetric_": several}
        if callable(self.scoring) and several:
            self._check_refit_for_multimetric(evaluation.first_score)
            refit_metric = self.refit
        if self.refit or not several:
            best = self._select_best_index(self.refit, refit_metric, results)
            chosen |= {"best_index_": best, "best_params_": results["params"][best]}
            if not callable(self.refit):
                chosen["best_score_"] = results[f"mean_test_{refit_metric}"][best]
        return chosen

    def _saved(self, evaluation: Evaluation) -> dict[str, Any]:
        """What sharing saved, and what the time limit and the race left out, by attribute."""
        fits = _counted(evaluation.n_done, "candidate fit")
        models = _counted(evaluation.n_fits, "trained model")
        return {
            "n_candidates_": len(evaluation.candidates),
            "n_fits_": evaluation.n_fits,
            "sharing_": f"{fits} scored from {models}",
            "skipped_": evaluation.skipped,
            "dropped_": evaluation.dropped,
        }

    def _warn_of_limit(self, evaluation: Evaluation) -> None:
        """Say what the time limit left out; called by `fit`, whose caller the warning names."""
        skipped, n = evaluation.skipped, len(evaluation.candidates)
        if skipped:
            warnings.warn(
                f"time_limit={self.time_limit} s ended the search: {len(skipped)} of {n} "
                "candidates were left out, wholly or on some folds. Their mean scores are NaN; "
                "the attribute skipped_ lists them.",
                TimeLimitWarning,
                stacklevel=5,
            )
        elif evaluation.was_cut:
            warnings.warn(
                f"time_limit={self.time_limit} s ended the search after {n} candidates; it had "
                "more to propose.",
                TimeLimitWarning,
                stacklevel=5,
            )

    def _refitted(
        self,
        chosen: Mapping[str, Any],
        X: Any,
        y: Any,
        fit_params: Any,
        known: Any,
        context: Any,
        told: dict[str, Any],
    ) -> dict[str, Any]:
        """The best estimator, fitted on all rows unless a sweep did so already, by attribute."""
        # The parameters are cloned too: some may be estimators, as when a grid swaps a step.
        best = clone(self.estimator).set_params(**clone(chosen["best_params_"], safe=False))
        context = context.subcontext(task_name="refit-with-best-params")
        with context.propagate_callback_context(best):
            context.call_on_fit_task_begin(estimator=self, **told)
            start = time.time()
            if known is None:
                best.fit(*((X,) if y is None else (X, y)), **fit_params)
            else:
                best._adopt(*known, {})
            seconds = time.time() - start
        context.call_on_fit_task_end(estimator=self, **told)
        best = best.model_ if isinstance(best, OneOf) else best
        refitted = {"best_estimator_": best, "refit_time_": seconds}
        if hasattr(best, "feature_names_in_"):
            refitted["feature_names_in_"] = best.feature_names_in_
        return refitted


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
