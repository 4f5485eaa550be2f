"""What it means that two searches agree. No test lives here."""

import re
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV

from setpoint.tuning import GridSearchCV


def both(estimator, grid, X, y, *, fit_params=None, **arguments):
    """The search by sweeps and scikit-learn's, which fits each candidate alone."""
    return tuple(
        kind(clone(estimator), grid, **arguments).fit(X, y, **(fit_params or {}))
        for kind in (GridSearchCV, ScikitGridSearchCV)
    )


def assert_same_results(ours, theirs):
    """Equal keys, candidates, masks and scores, bit for bit; times alone may differ.

    A log loss may differ in its last digits: numpy's logarithm is not the same on every machine.
    """
    logarithm = {name for name, own in named_scorers(ours).items() if "log_loss" in repr(own)}
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for key, expected in theirs.cv_results_.items():
        got = ours.cv_results_[key]
        if key.endswith("_time"):
            assert got.shape == expected.shape
            assert got.dtype == expected.dtype
        elif key == "params":
            assert repr(got) == repr(expected)
        elif key.startswith("param_"):
            assert got.dtype == expected.dtype
            assert repr(got) == repr(expected)
        elif key.endswith(tuple(f"_{name}" for name in logarithm)) and "rank" not in key:
            np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15, err_msg=key)
        else:
            np.testing.assert_array_equal(got, expected, err_msg=key, strict=True)
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ == theirs.multimetric_
    for name in ("best_index_", "best_params_"):
        assert repr(getattr(ours, name, None)) == repr(getattr(theirs, name, None))
    assert hasattr(ours, "best_score_") == hasattr(theirs, "best_score_")
    if hasattr(theirs, "best_score_"):
        best = ours.cv_results_[best_mean(ours)][ours.best_index_]
        np.testing.assert_equal(ours.best_score_, best)


def best_mean(search):
    return f"mean_test_{search.refit if search.multimetric_ else 'score'}"


def named_scorers(search):
    return search.scorer_ if isinstance(search.scorer_, dict) else {"score": search.scorer_}


def outcome(call):
    """The warnings (category and text) of a call and the error that ended it, or its value."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = call(), None
        except Exception as raised:
            value, error = None, (type(raised), str(raised))
    return value, error, [(warning.category, str(warning.message)) for warning in caught]


def named(value):
    """A test's name for a value: its text without addresses in memory, which differ in each run."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
