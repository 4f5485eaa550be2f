"""What gradient descent has beyond scikit-learn's, how its fits share work, and bad input."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_wine, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

import setpoint
from setpoint import GridSearchCV, SGDClassifier, SGDRegressor


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def numbers():
    X, y = make_regression(300, 8, noise=1.0, random_state=0)
    return X, y / y.std()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("learning_rate", ["constant", "cosine", "step", "adaptive"])
def test_every_optimiser_and_schedule_learns(numbers, optimizer, learning_rate):
    X, y = numbers
    settings = {"optimizer": optimizer, "learning_rate": learning_rate, "eta0": 0.02}
    model = SGDRegressor(batch_size=20, max_iter=60, tol=None, random_state=0, **settings)
    model.set_params(weight_decay=0.0, momentum=0.5, warmup_epochs=2).fit(X, y)
    assert model.score(X, y) > 0.99
    assert model.loss_curve_.shape == (60,)
    assert model.loss_curve_[-1] < 0.1 * model.loss_curve_[0]


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"optimizer": "adam"}])
def test_l1_makes_exact_zeros(settings):
    X, y = make_regression(200, 20, n_informative=3, random_state=0)
    model = SGDRegressor(penalty="l1", alpha=0.2, batch_size=200, eta0=0.05, random_state=0)
    model.set_params(learning_rate="cosine", max_iter=1000, tol=None, **settings)
    model.fit(X, y / y.std())
    assert (model.coef_ != 0).sum() <= 4
    assert model.score(X, y / y.std()) > 0.7


def test_training_in_parts_is_training(numbers):
    X, y = numbers
    settings = {"optimizer": "adam", "batch_size": 32, "random_state": 3, "average": 20}
    parts = SGDRegressor(**settings)
    for _ in range(5):
        parts.partial_fit(X, y)
    whole = SGDRegressor(**settings, max_iter=5, tol=None).fit(X, y)
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    assert parts.t_ == whole.t_ == 1 + 5 * 10


def test_a_warm_start_begins_where_the_last_fit_ended(numbers):
    X, y = numbers
    model = SGDRegressor(max_iter=3, tol=None, random_state=0, warm_start=True, batch_size=16)
    first = model.fit(X, y).loss_curve_
    again = model.fit(X, y).loss_curve_
    assert again[0] < first[-1] < first[0]


def test_early_stopping_watches_rows_kept_back(wine):
    X, y = wine
    model = SGDClassifier(early_stopping=True, validation_fraction=0.3, random_state=0).fit(X, y)
    assert len(model.validation_curve_) == model.n_iter_ < 1000
    assert 0.8 < model.validation_curve_[-1] <= 1.0
    assert not hasattr(SGDClassifier().fit(X, y), "validation_curve_")


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
def test_sparse_rows_are_dense_rows(wine, batch_size, penalty):
    X, y = wine
    X = np.where(X > 0.3, X, 0.0)
    settings = {"penalty": penalty, "alpha": 0.01, "learning_rate": "constant", "eta0": 0.01}
    model = SGDClassifier(batch_size=batch_size, max_iter=20, tol=None, random_state=0, **settings)
    dense = model.fit(X, y).coef_
    sparse = model.fit(csr_array(X), y).coef_
    np.testing.assert_allclose(sparse, dense, atol=1e-9)


def test_a_row_of_weight_zero_is_no_row(wine):
    X, y = wine
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    model = SGDClassifier(max_iter=5, tol=None, random_state=0, batch_size=8)
    coef = model.fit(X, y, sample_weight=weight).coef_
    np.testing.assert_array_equal(coef, model.fit(X[weight > 0], y[weight > 0]).coef_)


def test_a_search_is_a_sweep():
    X, y = load_digits(return_X_y=True)
    model = SGDClassifier(batch_size=32, tol=None, random_state=0)
    model.set_params(learning_rate="constant", loss="log_loss")
    grid = {"eta0": [0.001, 0.01], "alpha": [1e-4, 1e-2], "max_iter": [2, 5, 10]}
    search = GridSearchCV(model, grid, cv=3, scoring="neg_log_loss").fit(X / 16, y)
    assert search.n_fits_ == 4 * 3  # max_iter is free


def test_steps_that_diverge_say_so(numbers):
    X, y = numbers
    model = SGDRegressor(learning_rate="constant", eta0=5.0, max_iter=20)
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch 1 .* rate of 5.*eta0=0\.5"):
        model.fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.n_iter_ == 1


def test_a_badly_scaled_column_is_named(numbers):
    X, y = numbers
    scale = np.ones(8)
    scale[2] = 1e3
    with pytest.warns(ConvergenceWarning, match="Column 2 "):
        SGDRegressor(max_iter=20).fit(X * scale, y)


def test_unfinished_training_is_told(numbers):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        SGDRegressor(max_iter=2, eta0=1e-4).fit(*numbers)


def test_saved_models_go_on_learning(numbers, tmp_path):
    X, y = numbers
    model = SGDRegressor(optimizer="adam", batch_size=50, random_state=0).partial_fit(X, y)
    model.save(tmp_path / "model.safetensors")
    loaded = setpoint.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.partial_fit(X, y).coef_, model.partial_fit(X, y).coef_)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"alpha": 0.0, "learning_rate": "optimal"}, "alpha must be > 0"),
        ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"momentum": 1.0}, "momentum must be"),
        ({"early_stopping": True, "validation_fraction": 0.999}, "validation_fraction"),
    ],
)
def test_illegal_settings_are_refused(wine, params, match):
    with pytest.raises(ValueError, match=match):
        SGDClassifier(**params).fit(*wine)


def test_parts_refuse_what_they_cannot_know(wine):
    X, y = wine
    with pytest.raises(ValueError, match="classes must be passed"):
        SGDClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping"):
        SGDClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="balanced"):
        SGDClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="cosine"):
        SGDClassifier(learning_rate="cosine").partial_fit(X, y, classes=[0, 1, 2])
    model = SGDClassifier().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among classes"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :5], y)
