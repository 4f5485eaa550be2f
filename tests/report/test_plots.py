"""Every plot of every registered search and model is drawn; what they say is checked elsewhere."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import setpoint
from contracts.cases import KINDS, SEARCHERS, TUNERS, continuous, every_kind, every_tuner
from contracts.test_tuners import fitted, space
from setpoint.report.search_plots import SearchPlots

plt = pytest.importorskip("matplotlib.pyplot")
plt.switch_backend("Agg")

OF_SEARCH = [name for name in vars(SearchPlots) if not name.startswith("_")]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(ax):
    """What is drawn can be rendered, without a warning, and has something in it."""
    ax.figure.canvas.draw()
    assert ax.has_data() or ax.texts
    return ax


def draw(plots, name, names, X, y, ax=None):
    arguments = {
        "slice": names[:1],
        "contour": names[:2],
        "validation_curve": names[:1],
        "learning_curve": (X, y),
    }
    return drawn(getattr(plots, name)(*arguments.get(name, ()), ax=ax))


def searched(kind):
    """Two hyperparameters at least, so that there are pairs; the others of small models."""
    grid = space(kind)
    if len(grid) < 2:
        more = {"alpha": [0.1, 1.0], "C": [0.1, 1.0], "fit_intercept": [True, False]}
        grid |= {name: values for name, values in kind.only(more).items() if name not in grid}
    return dict([*grid.items()][:3])


def check_every_plot(tuner, kind):
    X, y = continuous(kind.task)
    grid = searched(kind)
    search = fitted(tuner(kind.small(), grid, cv=3, return_train_score=True), X, y)
    record = search.plot._record
    names = [name for name in record.names if name in grid] or [next(iter(grid))]
    all_equal = len(np.unique(record.scores[record.comparable])) < 2
    for name in OF_SEARCH:
        if name == "contour" and len(names) < 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of small trainings: convergence
            if name in ("importance", "contour") and all_equal:
                with pytest.raises(ValueError, match="differ"):
                    draw(search.plot, name, names, X, y)
            else:
                draw(search.plot, name, names, X, y)


@every_kind
def test_every_plot_of_a_search_over_every_model(kind):
    check_every_plot(SEARCHERS[0], kind)


@every_tuner
def test_every_plot_of_every_search(tuner):
    check_every_plot(tuner, KINDS[0])


@every_kind
def test_every_plot_of_every_model(kind):
    X, y = continuous(kind.task)
    model = fitted(kind.small(), X, y)
    drawn(model.plot.importances(X, y))
    known = {
        "loss": hasattr(model, "loss_curve_"),
        "tree": hasattr(model, "estimators_"),
        "confusion": kind.task == "classification",
        "importances": hasattr(model, "feature_importances_") or hasattr(model, "coef_"),
    }
    for name, is_known in known.items():
        arguments = (X, y) if name == "confusion" else ()
        if is_known:
            drawn(getattr(model.plot, name)(*arguments))
        else:
            with pytest.raises(ValueError, match=kind.cls.__name__):
                getattr(model.plot, name)(*arguments)


@pytest.mark.parametrize("name", OF_SEARCH)
def test_draws_on_the_axes_given(name):
    X, y = continuous("regression")
    search = setpoint.GridSearchCV(
        Ridge(), {"alpha": [0.1, 1, 10], "fit_intercept": [True, False]}, return_train_score=True
    ).fit(X, y)
    _, (left, right) = plt.subplots(1, 2)
    assert draw(search.plot, name, ["alpha", "fit_intercept"], X, y, ax=left) is left
    assert not right.has_data()


def test_plots_of_an_optimum():
    grid = {"x": setpoint.Real(-5, 5), "kind": setpoint.Choice("a", "b"), "n": [1, 2, 3]}
    found = setpoint.minimize(
        lambda p: (p["x"] - 2) ** 2 + p["n"], grid, n_trials=15, random_state=0
    )
    for name in ("history", "parallel", "importance", "race"):
        drawn(getattr(found.plot, name)())
    drawn(found.plot.slice("x"))
    drawn(found.plot.contour("x", "kind"))
    for name in ("learning_curve", "validation_curve"):
        with pytest.raises(ValueError, match="training"):
            getattr(found.plot, name)(*["x"] * (name == "validation_curve"))


def test_searches_of_pipelines_and_of_conditional_spaces():
    X, y = continuous("classification")
    pipeline = make_pipeline(StandardScaler(), KINDS[0].small())
    search = TUNERS["grid"](pipeline, {f"{pipeline.steps[-1][0]}__max_depth": [2, None]}, cv=3)
    search.fit(X, y)
    drawn(search.plot.slice(search.plot._record.names[0]))
    spaces = [{"max_depth": [2, 3]}, {"max_features": [1, 2, "sqrt"]}]
    search = TUNERS["grid"](KINDS[0].small(), spaces, cv=3).fit(X, y)
    drawn(search.plot.parallel())
    drawn(search.plot.importance())
    drawn(search.plot.slice("max_features"))
    drawn(search.plot.contour("max_depth", "max_features"))


def test_curves_are_measured_on_the_folds_of_the_search():
    """Also where the folds came from a generator, which is spent."""
    X, y = continuous("regression")
    folds = (fold for fold in KFold(3).split(X))
    search = setpoint.GridSearchCV(Ridge(), {"alpha": [0.1, 1, 10]}, cv=folds).fit(X, y)
    drawn(search.plot.learning_curve(X, y))
    drawn(search.plot.validation_curve("alpha", X, y))


def test_a_search_that_is_not_fitted():
    with pytest.raises(ValueError, match="not fitted"):
        setpoint.GridSearchCV(Ridge(), {"alpha": [1]}).plot.history()
    with pytest.raises(ValueError, match="not fitted"):
        setpoint.RandomForestClassifier().plot.tree(0)


def test_bad_arguments():
    X, y = continuous("classification")
    search = setpoint.GridSearchCV(KINDS[0].small(), {"max_depth": [1, 2], "max_features": [1, 2]})
    search.fit(X, y)
    with pytest.raises(ValueError, match=r"'depth' was not searched.*max_depth"):
        search.plot.slice("depth")
    with pytest.raises(ValueError, match="two hyperparameters"):
        search.plot.contour("max_depth", "max_depth")
    with pytest.raises(ValueError, match="return_train_score=True"):
        search.plot.validation_curve("max_depth")
    with pytest.raises(ValueError, match="learning_curve\\(X, y\\)"):
        search.plot.learning_curve()
    with pytest.raises(ValueError, match="n_sizes"):
        search.plot.learning_curve(X, y, n_sizes=1)
    model = search.best_estimator_
    with pytest.raises(ValueError, match="tree must be"):
        model.plot.tree(10_000)
    with pytest.raises(ValueError, match="both X and y"):
        model.plot.importances(X)


def test_candidates_without_a_score():
    """Failed fits and a search of a single candidate can still be looked at."""
    X, y = continuous("classification")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = setpoint.GridSearchCV(KINDS[0].small(), {"max_depth": [1, -5, 9]}).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).any()
    for name in ("history", "parallel", "race", "importance"):
        drawn(getattr(search.plot, name)())
    single = setpoint.GridSearchCV(KINDS[0].small(), {"max_depth": [2]}).fit(X, y)
    drawn(single.plot.history())
    with pytest.raises(ValueError, match="differ"):
        single.plot.importance()


def test_a_slice_of_what_only_failed_candidates_have():
    forest = setpoint.RandomForestClassifier(3, bootstrap=False, random_state=0)
    grid = [{"max_depth": [1, 2, 3]}, {"max_samples": [0.5]}]
    with pytest.warns((FitFailedWarning, UserWarning)):
        search = setpoint.GridSearchCV(forest, grid, cv=3).fit(*continuous("classification"))
    assert drawn(search.plot.slice("max_samples"))
