"""Bad input: an error that names the argument, what was given and what is allowed."""

import numpy as np
import pytest

from setpoint.estimators.forest_base import Forest
from setpoint.families import estimator_classes

ESTIMATORS = [kind for kind in estimator_classes().values() if issubclass(kind, Forest)]
each = pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 2


@each
@pytest.mark.parametrize(
    ("X", "y", "weight", "message"),
    [
        (X, None, None, "requires y to be passed"),
        (X[:0], Y[:0], None, r"0 sample\(s\)"),
        (X[:, :0], Y, None, r"0 feature\(s\)"),
        (X, Y[:-1], None, "inconsistent numbers of samples"),
        (X[0], Y[:1], None, "Expected 2D array, got 1D array"),
        (np.zeros((2, 2, 2)), Y[:2], None, "dim 3"),
        (X + np.inf, Y, None, "X contains infinity"),
        (X * 1e40, Y, None, "X contains infinity or a value too large"),
        (X * 1j, Y, None, "Complex data not supported"),
        (X.astype(str), list("ab") * 6, None, "."),
        (X, np.where(Y, np.nan, 1.0), None, "y contains NaN"),
        (X, np.where(Y, np.inf, 1.0), None, "y contains infinity"),
        (X, Y, np.ones(11), r"sample_weight.shape == \(11,\), expected \(12,\)"),
        (X, Y, -np.ones(12), "Negative values in data passed to `sample_weight`"),
        (X, Y, np.zeros(12), "at least one non-zero"),
        (X, Y, np.full(12, np.nan), "sample_weight contains NaN"),
        (X, Y, np.ones((12, 1)), "Sample weights must be 1D"),
        (X, Y, ["a"] * 12, "could not convert string to float"),
    ],
)
def test_bad_training_data(kind, X, y, weight, message):
    model = kind(3)
    with pytest.raises((ValueError, TypeError), match=message):
        if X.dtype.kind == "U":
            X = np.where(X == "0.0", "word", X)
        model.fit(X, y, sample_weight=weight)
    assert not [name for name in vars(model) if name.endswith("_")]


@each
def test_words_in_an_array(kind):
    words = np.array([["a", 1.0], ["b", 2.0]], dtype=object)
    with pytest.raises(ValueError, match="could not convert string to float"):
        kind().fit(words, [0, 1])
    kind(3, categorical_features=[0]).fit(words, [0, 1])


@pytest.mark.parametrize("kind", [k for k in ESTIMATORS if k.__name__.endswith("Regressor")])
def test_labels_for_a_regressor(kind):
    with pytest.raises(ValueError, match=r"y must be numbers.*classifier|could not convert string"):
        kind().fit(X, np.array(["a", "b"])[Y])


@pytest.mark.parametrize("kind", [k for k in ESTIMATORS if k.__name__.endswith("Classifier")])
def test_labels_of_mixed_types(kind):
    with pytest.raises(ValueError, match="y mixes labels of types int, str, which have no common"):
        kind().fit(X[:4], np.array([1, "a", 1, "a"], dtype=object))


@pytest.mark.parametrize("kind", [k for k in ESTIMATORS if k.__name__.endswith("Classifier")])
def test_numbers_for_a_classifier(kind):
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        kind().fit(X, np.linspace(0, 1, 12))


@each
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:, :1], "X has 1 features, but .* is expecting 2 features"),
        (X[0], "Expected 2D array, got 1D array"),
        (X[:0], r"0 sample\(s\)"),
        (X + np.inf, "contains infinity"),
        (X * 1e40, "contains infinity or a value too large"),
        ([["a", "b"]], "could not convert string to float"),
        (X * 1j, "Complex data"),
    ],
)
def test_bad_rows_to_predict(kind, rows, message):
    model = kind(3, random_state=0).fit(X, Y)
    with np.errstate(invalid="ignore"), pytest.raises((ValueError, TypeError), match=message):
        model.predict(rows)
    assert len(model.predict(X)) == 12


@each
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bootstrap": False, "oob_score": True}, "only available if bootstrap=True"),
        ({"bootstrap": False, "early_stopping": True}, "only available if bootstrap=True"),
        ({"bootstrap": False, "max_samples": 5}, "`max_samples` cannot be set if `bootstrap=Fal"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"n_estimators": 10**15}, "n_estimators=1000000000000000 trees do not fit"),
    ],
)
def test_settings_that_contradict(kind, settings, message):
    model = kind(**settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "n_features_in_")


@each
def test_counts_beyond_any_data_set_are_no_limit(kind):
    huge = {"max_depth": 10**30, "max_leaf_nodes": 10**30, "max_features": 10**30}
    plain = kind(3, random_state=0, max_features=None, max_leaf_nodes=1000).fit(X, Y)
    assert (kind(3, random_state=0, **huge).fit(X, Y).predict(X) == plain.predict(X)).all()
    stump = kind(3, min_samples_split=10**30).fit(X, Y)
    assert (stump.feature_importances_ == 0).all()


@each
def test_more_categories_than_there_are_codes(kind):
    column = np.arange(65_536.0).reshape(-1, 1)
    y = np.arange(65_536) % 2
    model = kind(1, max_depth=1, categorical_features=[0])
    with pytest.raises(ValueError, match=r"column 0 of X holds 65536 categories.* 65535.*drop it"):
        model.fit(column, y)
    model.fit(column[1:], y[1:])
