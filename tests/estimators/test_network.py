"""Networks: what they compute, what they tell, what scikit-learn and PyTorch compute too.

Gradients are checked by differences in the core's own tests; contracts that hold for every family
are in tests/contracts.
"""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import scale

from setpoint import GridSearchCV, MLPClassifier, MLPRegressor, count_parameters, load

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = scale(load_iris().data), load_iris().target
LABELS = make_multilabel_classification(200, 8, n_classes=3, random_state=0)
NUMBERS = tuple(map(scale, make_regression(200, 6, n_targets=2, noise=1.0, random_state=0)))
COUNTS = NUMBERS[0], np.floor(np.exp(NUMBERS[1][:, 0]))


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "adam"},
        {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
        {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 1},
        {"solver": "adam", "activation": "tanh", "alpha": 1.0},
        {"solver": "adam", "activation": "logistic", "hidden_layer_sizes": (5, 4, 3)},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs", "data"),
    [
        (MLPClassifier, TheirClassifier, IRIS),
        (MLPClassifier, TheirClassifier, (IRIS[0], (IRIS[1] == 1).astype(int))),
        (MLPClassifier, TheirClassifier, LABELS),
        (MLPRegressor, TheirRegressor, NUMBERS),
    ],
    ids=["classes", "two classes", "labels", "numbers"],
)
def test_epochs_are_those_of_scikit_learn(ours, theirs, data, params, weighted):
    X, y = data
    weight = np.arange(len(X)) % 3 + 0.5 if weighted else None
    same = {"shuffle": False, "batch_size": 32, "random_state": 0, "hidden_layer_sizes": (7,)}
    same |= params
    mine = ours(**same, max_iter=1, dtype="float64", warm_start=True).fit(X, y, weight)
    their = theirs(**same, max_iter=1, warm_start=True).fit(X, y, weight)
    for a, b in zip(their.coefs_ + their.intercepts_, mine.coefs_ + mine.intercepts_, strict=True):
        a[:] = b
    history = len(mine.loss_curve_)
    # Earlier losses count for what is an improvement: let them be the same too.
    their.best_loss_ = mine.best_loss_
    their._no_improvement_count = 0
    mine.set_params(max_iter=12).fit(X, y, weight)
    their.set_params(max_iter=12).fit(X, y, weight)
    np.testing.assert_allclose(mine.loss_curve_[history:], their.loss_curve_[history:], rtol=1e-9)
    for a, b in zip(mine.coefs_ + mine.intercepts_, their.coefs_ + their.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10)
    if ours is MLPClassifier:
        np.testing.assert_allclose(mine.predict_proba(X), their.predict_proba(X), atol=1e-9)
        np.testing.assert_array_equal(mine.predict(X), their.predict(X))
    else:
        np.testing.assert_allclose(mine.predict(X), their.predict(X), rtol=1e-7)


def test_poisson_is_that_of_scikit_learn():
    X, y = COUNTS
    same = {"loss": "poisson", "shuffle": False, "batch_size": 50, "hidden_layer_sizes": (7,)}
    mine = MLPRegressor(**same, max_iter=1, dtype="float64", warm_start=True).fit(X, y)
    their = TheirRegressor(**same, max_iter=1, warm_start=True).fit(X, y)
    for a, b in zip(their.coefs_ + their.intercepts_, mine.coefs_ + mine.intercepts_, strict=True):
        a[:] = b
    mine.set_params(max_iter=5).fit(X, y)
    their.set_params(max_iter=5).fit(X, y)
    np.testing.assert_allclose(mine.predict(X), their.predict(X), rtol=1e-8)
    assert (mine.predict(X) > 0).all()
    assert mine.out_activation_ == their.out_activation_ == "exp"


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_steps_are_those_of_torch(optimizer):
    torch = pytest.importorskip("torch")
    X, y = IRIS
    rate = {"sgd": 0.05}.get(optimizer, 0.01)
    same = {"shuffle": False, "batch_size": 30, "solver": optimizer, "alpha": 0.0}
    same |= {"learning_rate_init": rate, "nesterovs_momentum": False, "beta_2": 0.99}
    model = MLPClassifier((8,), **same, activation="gelu", dtype="float64", random_state=0)
    model.set_params(max_iter=1, warm_start=True).fit(X, y)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.GELU(approximate="tanh"), torch.nn.Linear(8, 3)
    ).double()
    linear = [net[0], net[2]]
    with torch.no_grad():
        for layer, W, b in zip(linear, model.coefs_, model.intercepts_, strict=True):
            layer.weight.copy_(torch.from_numpy(W.T))
            layer.bias.copy_(torch.from_numpy(b))
    weights, biases = [layer.weight for layer in linear], [layer.bias for layer in linear]
    groups = [{"params": weights}, {"params": biases, "weight_decay": 0.0}]
    steps = {
        "adam": lambda: torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99)),
        "adamw": lambda: torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), weight_decay=0.01),
        "sgd": lambda: torch.optim.SGD(groups, lr=rate, momentum=0.9),
        "rmsprop": lambda: torch.optim.RMSprop(groups, lr=rate, alpha=0.99),
    }[optimizer]()
    loss = torch.nn.CrossEntropyLoss()
    for _ in range(10):
        for part in np.split(np.arange(150), 5):
            steps.zero_grad()
            loss(net(torch.from_numpy(X[part])), torch.from_numpy(y[part]).long()).backward()
            steps.step()
    model.set_params(max_iter=10).fit(X, y)
    for layer, W, b in zip(linear, model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_allclose(W.T, layer.weight.detach().numpy(), atol=1e-5)
        np.testing.assert_allclose(b, layer.bias.detach().numpy(), atol=1e-5)


def test_lbfgs_ends_where_scikit_learn_does():
    # Without hidden layers the objective is convex: there is one end.
    for ours, theirs, (X, y) in [
        (MLPClassifier, TheirClassifier, IRIS),
        (MLPRegressor, TheirRegressor, NUMBERS),
    ]:
        same = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "tol": 1e-7}
        same |= {"random_state": 0}
        mine = ours(**same, dtype="float64").fit(X, y)
        their = theirs(**same).fit(X, y)
        np.testing.assert_allclose(mine.coefs_[0], their.coefs_[0], atol=2e-3)
        assert mine.loss_ < 1.001 * their.loss_


def test_parameters_are_counted():
    X, y = make_regression(100, 10, random_state=0)
    model = MLPRegressor((20,), max_iter=2)
    counted = count_parameters(model, n_features=10)
    assert [layer.weights for layer in counted.layers] == [200, 20]
    assert [layer.biases for layer in counted.layers] == [20, 1]
    assert counted.total == int(counted) == 241
    learned = model.fit(X, y).parameters_
    assert learned.total == 241
    assert learned.shapes == {
        "weights[0]": (10, 20),
        "biases[0]": (20,),
        "weights[1]": (20, 1),
        "biases[1]": (1,),
    }
    assert count_parameters(model).total == 241
    drawn = str(counted)
    assert "[10 inputs] -> [20 relu] -> [1 identity]" in drawn
    assert "241 parameters in 2 layers" in drawn
    normed = count_parameters(MLPClassifier((20, 5), batch_norm=True), 10, 3)
    assert normed.total == 200 + 100 + 15 + 28 + 25
    with pytest.raises(ValueError, match="n_features"):
        count_parameters(model.__class__())
    with pytest.raises(TypeError, match="network"):
        count_parameters(TheirRegressor(), 3)


def test_float32_is_the_default():
    model = MLPClassifier((5,), max_iter=3).fit(*IRIS)
    assert {W.dtype for W in model.coefs_ + model.intercepts_} == {np.dtype(np.float32)}
    double = MLPClassifier((5,), max_iter=3, dtype="float64").fit(*IRIS)
    assert double.coefs_[0].dtype == np.float64


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"batch_norm": True, "activation": ("tanh", "gelu")},
        {"dropout": 0.2, "solver": "sgd"},
        {"early_stopping": True},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
def test_saved_and_loaded(params, tmp_path):
    model = MLPClassifier((8, 5), max_iter=7, random_state=0).set_params(**params).fit(*IRIS)
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(IRIS[0]), model.predict_proba(IRIS[0]))
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.parameters_.shapes == model.parameters_.shapes
    # Training goes on from a loaded model as it does from the one that was saved.
    if params.get("solver") != "lbfgs" and not params.get("early_stopping"):
        for each in (model, loaded):
            each.partial_fit(*IRIS)
        np.testing.assert_array_equal(loaded.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"learning_rate": "invscaling"},
        # No epoch improves by so much: the rate falls in every second one.
        {"learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "solver": "sgd"},
    ],
    ids=str,
)
def test_partial_fits_are_one_fit(params, tmp_path):
    X, y = IRIS
    whole = MLPClassifier((8,), max_iter=6, random_state=0, **params).fit(X, y)
    parts = MLPClassifier((8,), random_state=0, **params)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    parts.save(tmp_path / "model")
    parts = load(tmp_path / "model")
    for _ in range(3):
        parts.partial_fit(X, y)
    for a, b in zip(whole.coefs_, parts.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert whole.loss_curve_ == parts.loss_curve_


def test_a_network_goes_on_with_as_many_labels_as_it_began_with():
    X, y = IRIS
    labels = np.column_stack([y > 0, y > 1, y == 1]).astype(int)
    for first, then in ((y, labels), (labels, y), (labels[:, :2], labels), (labels, labels[:, :2])):
        model = MLPClassifier((5,), random_state=0)
        model.partial_fit(X, first, classes=[0, 1, 2])
        with pytest.raises(ValueError, match=r"y has . column.* and had . in the calls before"):
            model.partial_fit(X, then)


def test_sparse_rows_are_those_rows():
    X, y = load_digits(return_X_y=True)
    fit = MLPClassifier((12,), max_iter=5, random_state=0).fit
    dense, sparse = fit(X[:500], y[:500]), clone(fit.__self__).fit(csr_matrix(X[:500]), y[:500])
    np.testing.assert_array_equal(dense.coefs_[0], sparse.coefs_[0])
    np.testing.assert_array_equal(dense.predict(X), sparse.predict(csr_matrix(X)))


@pytest.mark.parametrize("params", [{}, {"clip_norm": 0.1}, {"batch_norm": True}], ids=str)
def test_threads_share_the_rows_of_a_batch_without_a_trace(params):
    # Large enough for a batch in several parts, which threads take.
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((128, 64), batch_size=400, max_iter=3, random_state=0, **params)
    one, *others = [clone(model).set_params(n_jobs=n).fit(X, y) for n in (1, 2, 3)]
    for other in others:
        assert other.loss_curve_ == one.loss_curve_
        for a, b in zip(
            other.coefs_ + other.intercepts_, one.coefs_ + one.intercepts_, strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_more_epochs_begin_with_fewer():
    X, y = IRIS
    params = {"max_iter": [3, 8, 20], "alpha": [1e-4, 1e-2]}
    model = MLPClassifier((8,), random_state=0)
    search = GridSearchCV(model, params, cv=3, n_jobs=1, refit=False).fit(X, y)
    assert search.n_fits_ == 6
    for each, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        alone = GridSearchCV(model, {k: [v] for k, v in each.items()}, cv=3, refit=False).fit(X, y)
        assert alone.cv_results_["mean_test_score"][0] == score


def test_best_epoch_is_kept():
    X, y = IRIS
    params = {"learning_rate_init": 0.3, "random_state": 0, "n_iter_no_change": 100}
    model = MLPClassifier((8,), early_stopping=True, max_iter=40, **params).fit(X, y)
    assert model.best_epoch_ == np.argmax(model.validation_scores_) + 1
    short = clone(model).set_params(max_iter=model.best_epoch_).fit(X, y)
    np.testing.assert_array_equal(short.coefs_[0], model.coefs_[0])
    best = MLPClassifier((8,), keep="best", max_iter=40, **params).fit(X, y)
    assert best.best_epoch_ == np.argmin(best.loss_curve_) + 1


def test_diagnosis_tells_under_and_overfitting():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 10)), rng.integers(0, 2, 200)
    early = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 1000}
    over = MLPClassifier((100,), max_iter=150, learning_rate_init=0.02, random_state=0, **early)
    assert over.fit(X, y).diagnosis_.startswith("Overfits")
    X, y = NUMBERS
    under = MLPRegressor((50,), max_iter=10, learning_rate_init=0.01, random_state=0, **early)
    assert under.fit(X, y).diagnosis_.startswith("Underfits")
    assert "early_stopping=True" in MLPRegressor((5,), max_iter=10).fit(X, y).diagnosis_
    assert len(over.validation_loss_curve_) == len(over.loss_curve_) == 150


def test_a_diverging_network_is_told():
    X, y = NUMBERS[0], NUMBERS[1][:, 0]
    with pytest.raises(ValueError, match=r"non-finite parameter weights.*learning_rate_init"):
        MLPRegressor(learning_rate_init=1e20, solver="sgd").fit(X, y)
    grid = {"learning_rate_init": [1e20, 1e-3]}
    model = MLPRegressor((5,), solver="sgd", max_iter=5, random_state=0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert any("lower learning_rate_init" in str(each.message) for each in told)
    assert np.isnan(search.cv_results_["mean_test_score"][0])
    assert search.best_params_ == {"learning_rate_init": 1e-3}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": (5, 2.5)}, "must hold ints"),
        ({"activation": ("relu",)}, "one name for each hidden layer"),
        ({"activation": ("relu", "rely")}, "activation must hold names"),
        ({"solver": "lbfgs", "dropout": 0.5}, "need batches"),
        ({"hidden_layer_sizes": (2**40, 2**40)}, "too many parameters"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "validation_fraction"),
    ],
    ids=str,
)
def test_illegal_combinations_are_refused(params, message):
    model = MLPClassifier((5, 5)).set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(*IRIS)


def test_other_refusals():
    X, y = IRIS
    with pytest.raises(ValueError, match="must not be negative"):
        MLPRegressor(loss="poisson").fit(X, -y)
    with pytest.raises(ValueError, match="multiclass-multioutput"):
        MLPClassifier().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="does not support early_stopping"):
        MLPRegressor(early_stopping=True).partial_fit(X, y)
    with pytest.raises(ValueError, match="classes must be passed"):
        MLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="classes not in"):
        MLPClassifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="to go on with it"):
        model = MLPClassifier((5,), warm_start=True, max_iter=2).fit(X, y)
        model.set_params(hidden_layer_sizes=(6,)).fit(X, y)
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")


def test_convergence_is_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier((5,), tol=10.0, n_iter_no_change=1, max_iter=20).fit(*IRIS)
        MLPClassifier((5,)).partial_fit(*IRIS, classes=[0, 1, 2])
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        MLPClassifier((5,), max_iter=2).fit(*IRIS)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 20.0}])
def test_class_weights_are_weights_of_rows(class_weight):
    X, y = IRIS[0], (IRIS[1] == 2).astype(int)
    model = MLPClassifier((5,), max_iter=5, random_state=0, dtype="float64")
    by_class = clone(model).set_params(class_weight=class_weight).fit(X, y)
    counts = np.bincount(y)
    given = (
        {k: len(y) / (2 * counts[k]) for k in (0, 1)}
        if class_weight == "balanced"
        else class_weight
    )
    by_row = clone(model).fit(X, y, np.array([given[k] for k in y]))
    np.testing.assert_allclose(by_class.coefs_[0], by_row.coefs_[0], rtol=1e-12)
