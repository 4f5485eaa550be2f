"""What the docstrings of all searches have in common, written once."""

from __future__ import annotations

import inspect

__all__ = ["completed"]


def completed(text: str, *, without: tuple[str, ...] = ()) -> str:
    """Fill the sections that all searches share into a docstring.

    Parameters
    ----------
    text : str
        With the names of sections, such as ``{parameters}``, where they belong.
    without : tuple of str
        Entries that this search does not have.
    """
    text = inspect.cleandoc(text)
    for place, section in _SECTIONS.items():
        names = () if "halving" in place else without
        text = text.replace(place, _without(section, names))
    return text


def _without(section: str, names: tuple[str, ...]) -> str:
    kept, keeps = [], True
    for line in section.splitlines():
        if not line.startswith(" "):
            keeps = line.partition(" : ")[0] not in names
        if keeps:
            kept.append(line)
    return "\n".join(kept)


_PARAMETERS = """\
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
    function from ``cv_results_`` to the index of the best; successive halving gives it the last
    iteration's. Time spent here is not limited.
cv : int, splitter or iterable, default=None
    Folds, as in scikit-learn: None is 5.
verbose : int, default=0
    1 prints how many fits there are and shows a progress bar with the best score so far and
    the time left; more prints each fit, as
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
fit_time_limit : float, default=None
    Seconds for training one candidate on one fold. A training of setpoint that takes longer is
    stopped, and counts as a fit that failed; one of another library is not interrupted.
journal : str or path-like, default=None
    A file that keeps each evaluation as soon as its pass is finished. The same call goes on
    from it, with the same result as if it had never stopped; a search for more candidates goes
    on where this one ended, unless their number decides which are drawn. The journal of another
    search is refused with a `JournalError` that names the difference. Time limits count from
    each call anew.
executor : concurrent.futures.Executor, default=None
    Where to train and score: a process pool, dask's ``client.get_executor()``, and others. It is
    sent passes on one fold; a worker gets the data once, and uses one thread unless `n_jobs`
    says otherwise. The result is the same as without.
race : bool or Race, default=False
    Whether to drop candidates that a paired test on the folds done rules out: see `Race`. The
    metric of `refit` decides, or the first. A dropped candidate has NaN on the folds not done, for
    its mean and its times, and the last rank; ``cv_results_["dropped"]`` tells, and ``dropped_``
    lists them. Folds are then evaluated one after the other, in the order of the splitter.
nested_cv : int, splitter or iterable, default=None
    Outer folds. The whole search, with its limits, is repeated without each of them, and its
    best estimator is scored on it: see ``nested_``."""

_ATTRIBUTES = """\
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
search_time_ : float
    Seconds of the search, without the last fit.
data_ : DataFacts
    Sizes and kinds of the training set, in words.
multimetric_ : bool
    Whether there are several metrics.
n_candidates_ : int
    Number of candidates.
n_fits_ : int
    Models that were trained to score the candidates; the last fit is not counted. One that a later
    round of a halving trains further counts once.
sharing_ : str
    The same in words: "180 candidate fits scored from 5 trained models".
skipped_ : list of dict
    Candidates that the time limit left without a score on some fold.
dropped_ : list of dict
    Candidates that `race` dropped before their last fold.
nested_ : Nested
    With `nested_cv`: ``scores`` of the best estimators on the outer folds, ``best_params`` and
    ``best_scores`` of each search, and out-of-fold ``predictions``."""

_NOTES = """\
Notes
-----
With ``random_state=None`` in the estimator, one seed is drawn for the whole search, where
scikit-learn draws anew for every fit: the candidates differ by their hyperparameters and not by
luck, and can share their training. The last fit uses the estimator's own ``random_state``.

A fold whose training rows lack a class, and hyperparameters that are refused, are evaluated the
ordinary way, so that scores, warnings and errors are scikit-learn's."""

_HALVING = """\
factor : int or float, default=3
    One in so many candidates stays from iteration to iteration, with that many times the
    resource.
resource : 'n_samples' or str, default='n_samples'
    What grows: the rows, or a hyperparameter such as ``n_estimators``.
max_resources : int or 'auto', default='auto'
    The most of it that a candidate gets; 'auto': all rows.
min_resources : {'exhaust', 'smallest'} or int
    What candidates begin with. 'exhaust', the default for a grid: so much that the last ones
    get `max_resources`; 'smallest', the default for draws: twice the rows that every fold and
    class need, or 1 of another resource.
aggressive_elimination : bool, default=False
    Repeat the first iteration until few enough candidates are left to reach `max_resources`.
random_state : int, RandomState instance or None, default=None
    Seed of the rows, and of the candidates if they are drawn."""

_HALVING_ATTRIBUTES = """\
n_resources_ : list of int
    The resource at each iteration.
n_candidates_ : list of int
    The number of candidates at each iteration.
n_remaining_candidates_ : int
    How many would have gone on.
n_iterations_ : int
    The number of iterations; fewer than planned if the time was over."""

_SECTIONS = {
    "{parameters}": _PARAMETERS,
    "{attributes}": _ATTRIBUTES,
    "{halving}": _HALVING,
    "{halving attributes}": _HALVING_ATTRIBUTES,
    "{notes}": _NOTES,
}
