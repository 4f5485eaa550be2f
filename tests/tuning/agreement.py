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
    """Equal keys, candidates, masks and scores, bit for bit; times alone may differ."""
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
        else:
            np.testing.assert_array_equal(got, expected, err_msg=key, strict=True)
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ == theirs.multimetric_
    for name in ("best_index_", "best_params_", "best_score_"):
        assert hasattr(ours, name) == hasattr(theirs, name)
        if hasattr(theirs, name):
            assert repr(getattr(ours, name)) == repr(getattr(theirs, name))


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
