"""The promise of the library: together equals alone, bit for bit or as closely as a family says.

For each candidate and fold, the held-out predictions of a sweep equal those of an estimator of that
candidate, fitted alone on that fold's training rows with the same seed. The tuner on top of the
sweep is tested in tuning/; here is the core's operation itself.
"""

import warnings
from types import SimpleNamespace

import numpy as np
from hypothesis import assume, event, given, note, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from contracts.cases import every_kind
from random_problems import VALUES, candidates, problems
from setpoint import _core

EXAMPLES = settings(max_examples=4 * settings.default.max_examples)


def swept(problem, params, n_threads):
    """Held-out predictions of all candidates together, [candidate][fold]."""
    estimator = problem.make()
    data = estimator._sweep_data(problem.X, problem.y, problem.sample_weight)
    answer = _core.sweep(
        estimator._family,
        data,
        folds=problem.folds,
        candidates=[estimator._sweep_candidate(each, data) for each in params],
        metrics=[],
        train_metrics=False,
        keep_models=True,
        keep_predictions=True,
        n_threads=n_threads,
        time_limit=None,
        progress=None,
    )
    assert answer["done"].all()
    return answer


def alone(problem, params, train, n_jobs):
    """One candidate, fitted to the training rows of one fold."""
    if params.get("kernel") == "sigmoid":
        # No inner product: which of several solutions is found depends on the order of the rows.
        train = np.sort(train)
    weight = None if problem.sample_weight is None else problem.sample_weight[train]
    model = problem.make(**problem.kind.only({"n_jobs": n_jobs}), **params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(problem.X[train], problem.y[train], sample_weight=weight)
    assert getattr(model, "fit_status_", 0) == 0 or caught
    return model


def held_out(problem, model, test):
    """Predictions of an estimator, shape (n_test, n_values)."""
    if problem.about["n_classes"]:
        if hasattr(model, "decision_function"):
            return model.decision_function(problem.X[test]).reshape(len(test), -1)
        values = model.predict_proba(problem.X[test])
        return np.hstack(values) if isinstance(values, list) else values
    return model.predict(problem.X[test]).reshape(len(test), -1)


def has_every_class(problem, train):
    """Whether the training rows hold every class: else alone has fewer columns of probabilities."""
    if not problem.about["n_classes"]:
        return True
    y = np.reshape(problem.y, (len(problem.y), -1))
    return all(len(np.unique(y[train, k])) == len(np.unique(y[:, k])) for k in range(y.shape[1]))


def is_solved(problem, model):
    """Whether a kernel machine was solved to its tolerance.

    One that was not says so (ConvergenceWarning) and may be anywhere near its solution: it is not
    compared. What other families promise does not hang on that.
    """
    return problem.kind.family not in ("svm", "nu_svm") or model.converged


@EXAMPLES
@given(st.data(), problems(), st.integers(1, 3), st.integers(1, 3))
def test_together_equals_alone(data, problem, together_threads, alone_threads):
    params = data.draw(candidates(problem), label="candidates")
    problem.folds = [fold for fold in problem.folds if has_every_class(problem, fold[0])]
    assume(params and problem.folds)
    event(problem.estimator)
    answer = swept(problem, params, together_threads)
    event(f"{10 * answer['n_fits'] // (len(params) * len(problem.folds)) / 10:.0%} of fits made")
    for c, each in enumerate(params):
        for f, (train, test) in enumerate(problem.folds):
            note(f"candidate {each}, fold {f}")
            single = alone(problem, each, train, alone_threads)
            got, model = answer["predictions"][c][f], answer["models"][c][f]
            if is_solved(problem, model) and is_solved(problem, single._model):
                problem.assert_agree(got, held_out(problem, single, test))
            else:
                event(f"{problem.estimator} did not converge: not compared")
            rows = problem.X[test]
            if not problem.kind.reads_matrices:
                rows = np.ascontiguousarray(rows, dtype=np.float32)
            if not problem.categorical:  # their codes are the data set's, not these
                np.testing.assert_array_equal(model.predict(rows, alone_threads), got)


@EXAMPLES
@given(st.data(), problems())
def test_company_does_not_matter(data, problem):
    """Fewer candidates, another order: the same predictions, whatever the folds lack."""
    params = data.draw(candidates(problem), label="candidates")
    assume(params)
    some = data.draw(st.permutations(range(len(params))))[: max(1, len(params) // 2)]
    whole = swept(problem, params, 2)
    part = swept(problem, [params[c] for c in some], 1)
    for k, c in enumerate(some):
        for f in range(len(problem.folds)):
            if all(is_solved(problem, m) for m in (part["models"][k][f], whole["models"][c][f])):
                problem.assert_agree(part["predictions"][k][f], whole["predictions"][c][f])


@every_kind
def test_every_hyperparameter_is_drawn(kind):
    """A hyperparameter that shapes the model and is not in the strategy fails here."""
    no_sweep = {"categorical_features"}
    if kind.family in ("forest", "extra_trees"):
        no_sweep |= {"early_stopping", "n_iter_no_change", "tol"}
    declared = {key for key, item in kind.declared.items() if item.cost != "none"}
    n_classes = 2 if kind.task == "classification" else 0
    about = {"n_outputs": 1, "n_classes": n_classes, "positive": True}
    values = VALUES[kind.family](SimpleNamespace(X=np.zeros((5, 3)), about=about))
    assert set(values) == declared - no_sweep
