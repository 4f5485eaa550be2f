"""`Evaluation`: scikit-learn's `evaluate_candidates`, as an object that also knows what was done.

It splits the rows, lets the sweep and then the ordinary way evaluate, and keeps the table.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from setpoint.estimators.base import SweepEstimator
from setpoint.tuning import ordinary, scikit, sweep
from setpoint.tuning.announce import announce
from setpoint.tuning.identity import fingerprint
from setpoint.tuning.journal import Journal
from setpoint.tuning.passes import trainings
from setpoint.tuning.race import Race
from setpoint.tuning.remote import Workers
from setpoint.tuning.search import RULED_OUT, Candidate, Clock, Progress, Scores
from setpoint.tuning.seeds import Seed, draw, seeded
from setpoint.tuning.task import Board, Fold, Group, Result, Task
from setpoint.tuning.unfinished import Unfinished
from setpoint.tuning.watchers import Watchers


class Evaluation:
    """Evaluates batches of candidates for one call of a search's ``fit``.

    Attributes
    ----------
    candidates, skipped, dropped : list of dict
        All candidates so far; those that the time limit left without a score on some fold; those
        that a race ruled out before the last fold.
    n_fits, n_done : int
        Models trained; pairs of candidate and fold that have a result.
    was_cut : bool
        Whether the time was over before the tuner had proposed all.
    clock : Clock
        The time that is left for evaluating.
    refitted : dict of int to (SweepData, model)
        What the sweeps learned of all rows besides, by the candidate's number.
    unfinished : Unfinished or None
        Where each batch goes on with trainings of the one before it.
    """

    def __init__(
        self,
        search: Any,
        X: Any,
        y: Any,
        scorer: Any,
        routed: Any,
        clock: Clock,
        progress: Progress,
        journal: Journal | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._search, self._X, self._y, self._scorer = search, X, y, scorer
        self._routed, self.clock, self._progress = routed, clock, progress
        self._journal, self._workers = journal, workers
        self._watchers = Watchers(search)
        self._seed = Seed() if journal is None else Seed(partial(journal.remember, "seed", draw))
        self._estimator = seeded(search.estimator, self._seed)
        self._all_folds: list[Fold] | None = None
        self._named_folds: tuple[Sequence[Fold], str] | None = None
        self._cache: dict[Any, Any] = {}
        self._rows: list[Result | None] = []
        self._more: dict[str, list[Any]] = defaultdict(list)
        self._n_contexts = 0
        self.candidates: list[Candidate] = []
        self.skipped: list[Candidate] = []
        self.dropped: list[Candidate] = []
        self._race = Race.of(search.race)
        self._finished: list[NDArray[np.float64]] = []
        self._table: dict[str, Any] | None = None
        self.refitted: dict[int, tuple[Any, Any]] = {}
        self.unfinished: Unfinished | None = None
        self.n_fits = self.n_done = 0
        self._has_failed_batch = False
        self.was_cut = False

    @property
    def first_score(self) -> Any:
        """The held-out score (or scores by name) of the first evaluation."""
        return next(row["test_scores"] for row in self._rows if row is not None)

    @property
    def multimetric(self) -> bool:
        """Whether the scorer gives several scores by name."""
        return isinstance(self.first_score, dict)

    def __call__(
        self,
        candidate_params: Iterable[Candidate],
        cv: Any = None,
        more_results: Mapping[str, Sequence[Any]] | None = None,
        callback_ctx: Any = None,
    ) -> dict[str, Any]:
        """Evaluate a batch and give the table of all batches so far."""
        self.evaluate(list(candidate_params), cv, more_results, callback_ctx)
        return self.results

    def evaluate(
        self,
        candidates: list[Candidate],
        cv: Any = None,
        more_results: Mapping[str, Sequence[Any]] | None = None,
        callback_ctx: Any = None,
        is_closing: bool = False,
    ) -> Scores:
        """Evaluate a batch and give its scores, one row a candidate and one column a fold."""
        task = self._task(candidates, self._folds(cv))
        n = len(candidates) * len(task.folds)
        if task.verbose > 0:
            print(
                f"Fitting {len(task.folds)} folds for each of {len(candidates)} candidates,"
                f" totalling {n} fits"
            )
        if n == 0:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        self._progress.expect(n)
        kept = self._kept(is_closing)
        board = Board(len(candidates), len(task.folds), partial(self._write, kept))
        if self.unfinished is not None:
            self.unfinished.turn()
        self._watchers.begin(len(self.candidates), candidates, len(task.folds))
        self._remember(kept, task, board)
        contexts = self._contexts(callback_ctx, n)
        self._tell(contexts, board.places(), len(task.folds))
        # The rounds of a halving come with folds of their own: their scores are others.
        is_own = task.folds is self._all_folds
        if self._race is None:
            self._fill(task, board, contexts)
        else:
            self._run_race(self._race, task, board, contexts, self._finished if is_own else [])
        first = len(self.candidates)
        self.refitted |= {first + number: model for number, model in task.refitted.items()}
        _warn(board.warnings)
        self._keep(candidates, board, more_results or {})
        scores = self._scores(board)
        if self._race is not None and is_own:
            self._finished.extend(row for row in scores if np.isfinite(row).all())
        self._progress.show_best(scores, anew=cv is not None)
        return scores

    def _fill(self, task: Task, board: Board, contexts: list[Any] | None) -> None:
        """Fill in what is open on the board, by sweeps and then the ordinary way."""
        known = set(board.places())
        if self._workers is None:
            sweep.evaluate(task, board)
        else:
            self._workers.evaluate(task, board)
        announce(task, board, known)
        new = (place for place in board.places() if place not in known)
        self._tell(contexts, new, len(task.folds))
        ordinary.evaluate(task, board, self._search, contexts)

    def _run_race(
        self,
        race: Race,
        task: Task,
        board: Board,
        contexts: list[Any] | None,
        finished: Sequence[NDArray[np.float64]],
    ) -> None:
        """Fill the board fold by fold, and drop the trainings that are ruled out.

        `finished` has the scores of earlier candidates on these folds; they are rivals too.
        """
        n, n_folds = len(task.candidates), len(task.folds)
        served = trainings(task.estimator, dict(enumerate(task.candidates)))
        for n_done in range(race.min_folds, n_folds):
            board.n_opened = n_done
            self._fill(task, board, contexts)
            if self.clock.is_over():
                break
            running = [k for k in range(n) if k not in board.dropped]
            rows = np.concatenate([self._scores(board)[running], *(row[None] for row in finished)])
            out = race.ruled_out(rows[:, :n_done], n_folds)[: len(running)]
            lost = {number for number, is_out in zip(running, out, strict=True) if is_out}
            dropped = [number for part in served if lost.issuperset(part) for number in part]
            before = len(board.done())
            board.drop(dropped)
            self._progress.advance(len(dropped) * (n_folds - n_done) - before + len(board.done()))
        board.n_opened = n_folds
        self._fill(task, board, contexts)
        if task.verbose > 0:
            saved = n * n_folds - len(board.done()) - len(list(board.pending()))
            print(f"The race dropped {len(board.dropped)} of {n} candidates and saved {saved} fits")

    def _scores(self, board: Board) -> Scores:
        """Scores of the metric that decides, (n_candidates, n_folds)."""
        scores: Scores = self._search._fold_scores(board.results)
        scores[~np.isfinite(scores)] = np.nan
        for number in board.dropped:
            row = [result is None for result in board.results[number]]
            scores[number, row] = RULED_OUT
        return scores

    def plan(self, n_candidates: int) -> None:
        """Say how many candidates there will be in all."""
        self._progress.plan(n_candidates * self._search.n_splits_)

    @property
    def results(self) -> dict[str, Any]:
        """``cv_results_`` of all batches so far."""
        if self._table is None:
            with warnings.catch_warnings():
                # The user knows of those that are left out, and of other NaN there was a warning.
                if self.skipped or self.dropped:
                    warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite")
                self._table = self._search._format_results(
                    self.candidates, self._search.n_splits_, self._filled(), self._more
                )
        return self._table

    def _kept(self, is_closing: bool) -> int:
        """The number in the journal of the first candidate of the next batch.

        A longer search goes on where a shorter one closed: there they must not meet.
        """
        first = len(self.candidates)
        return (first + 1) << 32 if is_closing else first

    def _remember(self, first: int, task: Task, board: Board) -> None:
        """Put on the board what the journal has of this batch."""
        if self._journal is None:
            return
        n = len(task.candidates)
        self._journal.propose(first, task.candidates, self._rows_of(task.folds))
        board.fill(Group(*self._journal.load(first, n)))
        self._progress.advance(len(board.done()))

    def _write(self, first: int, group: Group) -> None:
        if self._journal is not None:
            rows = ((first + number, fold, result) for number, fold, result in group.rows())
            self._journal.save(rows, group.n_fits, group.warnings)
        self._watchers.add(group)

    def _rows_of(self, folds: Sequence[Fold]) -> str:
        if self._named_folds is None or self._named_folds[0] is not folds:
            rows = [(fold.train, fold.test) for fold in folds]
            self._named_folds = folds, fingerprint(rows)
        return self._named_folds[1]

    def _folds(self, cv: Any) -> list[Fold]:
        """The folds of a splitter; the search's own are made once for all batches."""
        own = self._search._checked_cv_orig
        if cv is not None and cv is not own:
            return self._split(cv)
        if self._all_folds is None:
            self._all_folds = self._split(own)
        return self._all_folds

    def _split(self, cv: Any) -> list[Fold]:
        split = self._routed.splitter.split
        splits = list(cv.split(self._X, self._y, **split))
        if len(splits) != self._search.n_splits_:
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results. Expected "
                f"{self._search.n_splits_} splits, got {len(splits)}"
            )
        return [Fold(self._numbers(train), self._numbers(test)) for train, test in splits]

    def _numbers(self, rows: Any) -> Any:
        # A splitter may give masks, lists or negative numbers.
        rows = np.asarray(rows)
        return np.arange(_n_rows(self._X))[rows if rows.size else rows.astype(np.int64)]

    def _task(self, candidates: list[Candidate], folds: list[Fold]) -> Task:
        search = self._search
        return Task(
            estimator=self._estimator,
            candidates=candidates,
            X=self._X,
            y=self._y,
            folds=folds,
            scorer=self._scorer,
            fit_params=self._routed.estimator.fit,
            score_params=self._routed.scorer.score,
            return_train_score=search.return_train_score,
            error_score=search.error_score,
            verbose=search.verbose,
            n_jobs=search.n_jobs,
            pre_dispatch=search.pre_dispatch,
            seed=self._seed,
            clock=self.clock,
            progress=self._progress,
            refit=bool(search.refit) and isinstance(search.estimator, SweepEstimator),
            fit_time_limit=search.fit_time_limit,
            in_passes=self._journal is not None,
            unfinished=self.unfinished,
            cache=self._cache,
        )

    def _contexts(self, callback_ctx: Any, n: int) -> list[Any] | None:
        if callback_ctx is None or not getattr(self._search, "_skl_callbacks", []):
            return None
        first, self._n_contexts = self._n_contexts, self._n_contexts + n
        return [
            callback_ctx.subcontext(task_name="candidate-split-evaluation", task_id=first + k)
            for k in range(n)
        ]

    def _tell(
        self, contexts: list[Any] | None, places: Iterable[tuple[int, int]], n_folds: int
    ) -> None:
        """Report to scikit-learn's callbacks what the journal had and the sweep has done."""
        if contexts is not None:
            for candidate, fold in places:
                context = contexts[candidate * n_folds + fold]
                context.call_on_fit_task_begin(estimator=self._search)
                context.call_on_fit_task_end(estimator=self._search)

    def _keep(
        self, candidates: list[Candidate], board: Board, more: Mapping[str, Sequence[Any]]
    ) -> None:
        done = board.done()
        self.n_fits += board.n_fits
        self.n_done += len(done)
        if not (self._search._goes_on_after_failures and _all_failed(done)):
            scikit.warn_or_raise_about_fit_failures(done, self._search.error_score)
        else:
            self._has_failed_batch = True
        if callable(self._search.scoring):
            scikit.insert_error_scores(done, self._search.error_score)
        self.candidates.extend(candidates)
        self._rows.extend(result for row in board.results for result in row)
        for number, (params, row) in enumerate(zip(candidates, board.results, strict=True)):
            if number in board.dropped:
                self.dropped.append(params)
            elif None in row:
                self.skipped.append(params)
        if self.skipped and len(self.skipped) + len(self.dropped) == len(self.candidates):
            self._give_up()
        if self._race is not None:
            more = {**more, "dropped": [k in board.dropped for k in range(len(candidates))]}
        for key, values in more.items():
            self._more[key].extend(values)
        self._table = None

    def finish(self) -> None:
        """Warn of batches in which every fit failed; an error if there were no others."""
        if not self.candidates and self.clock.is_over():
            self._give_up()
        if self._has_failed_batch:
            done = [row for row in self._rows if row is not None]
            scikit.warn_or_raise_about_fit_failures(done, self._search.error_score)

    def _give_up(self) -> NoReturn:
        n = len(self.candidates)
        which = f"any of {n} candidates" if n else "the first candidate"
        raise TimeoutError(
            f"time_limit={self.clock.limit} s ended before {which} was evaluated on all folds. "
            "Allow more time or search fewer candidates."
        )

    def _filled(self) -> list[Result]:
        """All results, with NaN where there is none."""
        score = self.first_score
        nothing: Any = dict.fromkeys(score, np.nan) if isinstance(score, dict) else np.nan
        blank = {
            "fit_error": None,
            "test_scores": nothing,
            **({"train_scores": nothing} if self._search.return_train_score else {}),
            "fit_time": np.nan,
            "score_time": np.nan,
            "n_test_samples": 0,
        }
        return [blank if row is None else row for row in self._rows]


def _all_failed(results: list[Result]) -> bool:
    return all(result["fit_error"] is not None for result in results)


def _warn(warnings_of_fits: list[str]) -> None:
    """One warning for all fits of a batch that have something to say."""
    if warnings_of_fits:
        count, first = len(warnings_of_fits), warnings_of_fits[0]
        text = first if count == 1 else f"{count} fits did not converge. The first: {first}"
        warnings.warn(text, ConvergenceWarning, stacklevel=6)


def _n_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
