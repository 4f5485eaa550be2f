"""Searches over pipelines whose last step sweeps.

The prefix is fitted once a fold for each of its settings, and scores are those of scikit-learn's
search, bit for bit.
"""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, TargetEncoder

from setpoint import ExtraTreesClassifier, GridSearchCV, RandomForestClassifier
from tuning.agreement import assert_same_results, both, outcome

N_FOLDS = 3
FOREST = {"forest__n_estimators": [2, 5], "forest__max_depth": [1, None]}


@pytest.fixture
def data():
    return make_classification(90, 6, n_informative=4, n_classes=3, flip_y=0.2, random_state=0)


def pipeline(*steps, **arguments):
    forest = RandomForestClassifier(random_state=2)
    return Pipeline([*steps, ("forest", forest)], **arguments)


class Counted(TransformerMixin, BaseEstimator):
    """A scaler that counts how often it is fitted, over all its clones."""

    fits: list[int] = []  # noqa: RUF012

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None, sample_weight=None):
        self.fits.append(len(X))
        self.mean_ = np.average(X, axis=0, weights=sample_weight)
        return self

    def transform(self, X):
        return (X - self.mean_) * self.factor

    def fit_transform(self, X, y=None, sample_weight=None):
        return self.fit(X, y, sample_weight).transform(X)


@pytest.mark.parametrize(
    ("steps", "grid"),
    [
        ([("scale", StandardScaler())], FOREST),
        ([("scale", StandardScaler()), ("pca", PCA(random_state=0))],
         {**FOREST, "pca__n_components": [2, 4], "scale": [StandardScaler(), MinMaxScaler()]}),
        ([("scale", StandardScaler())], {**FOREST, "scale": ["passthrough", None, MinMaxScaler()]}),
        ([("best", SelectKBest(k=5))], [{"best__k": [2, 4]}, {**FOREST, "best__k": [2]}, {}]),
        ([("scale", "passthrough")], FOREST),
        ([], FOREST),
    ],
    ids=["scaler", "two steps", "swapped", "list of grids", "passthrough only", "no prefix"],
)  # fmt: skip
def test_scores_are_those_of_fitting_each_candidate_alone(data, steps, grid):
    ours, theirs = both(pipeline(*steps), grid, *data, cv=N_FOLDS, return_train_score=True)
    assert_same_results(ours, theirs)
    assert 0 < ours.n_fits_ < ours.n_candidates_ * N_FOLDS
    np.testing.assert_array_equal(ours.predict(data[0]), theirs.predict(data[0]))


def test_each_distinct_prefix_is_fitted_once_a_fold(data):
    Counted.fits.clear()
    grid = {**FOREST, "scale__factor": [1, 1.0, 2.0]}
    search = GridSearchCV(pipeline(("scale", Counted())), grid, cv=N_FOLDS, refit=False)
    search.fit(*data)
    assert Counted.fits == [60] * 3 * N_FOLDS
    assert search.n_candidates_ == 12


def test_final_estimators_of_two_classes_share_the_prefix(data):
    Counted.fits.clear()
    finals = [RandomForestClassifier(random_state=0), ExtraTreesClassifier(random_state=0)]
    grid = {"forest": finals, "forest__max_depth": [1, 3], "forest__n_estimators": [2, 4]}
    ours, theirs = both(pipeline(("scale", Counted())), grid, *data, cv=N_FOLDS, refit=False)
    assert_same_results(ours, theirs)
    assert Counted.fits.count(60) == N_FOLDS + ours.n_candidates_ * N_FOLDS  # ours + theirs
    assert finals[0].get_params() == RandomForestClassifier(random_state=0).get_params()


def test_a_final_estimator_of_somebody_else_goes_the_ordinary_way(data):
    grid = [FOREST, {"forest": [LogisticRegression()], "forest__C": [0.1, 1.0]}]
    ours, theirs = both(pipeline(("scale", StandardScaler())), grid, *data, cv=N_FOLDS)
    assert_same_results(ours, theirs)
    # Two depths share their trees over two sizes at least; two logistic regressions share nothing.
    assert 3 * N_FOLDS <= ours.n_fits_ < ours.n_candidates_ * N_FOLDS


def test_a_replaced_list_of_steps_goes_the_ordinary_way(data):
    steps = [("scale", StandardScaler()), ("forest", RandomForestClassifier(4, random_state=0))]
    grid = {"steps": [steps], "forest__max_depth": [1, 2]}
    ours, theirs = both(pipeline(), grid, *data, cv=N_FOLDS)
    assert_same_results(ours, theirs)
    assert ours.n_fits_ == 2 * N_FOLDS


def test_a_pipeline_of_the_users_own_class_goes_the_ordinary_way(data):
    class Halving(Pipeline):
        def fit(self, X, y):
            return super().fit(X[::2], y[::2])

    estimator = Halving([("forest", RandomForestClassifier(random_state=0))])
    ours, theirs = both(estimator, FOREST, *data, cv=N_FOLDS)
    assert_same_results(ours, theirs)
    assert ours.n_fits_ == ours.n_candidates_ * N_FOLDS


def test_memory_is_respected(data, tmp_path):
    ours, theirs = both(
        pipeline(("scale", StandardScaler()), memory=str(tmp_path)), FOREST, *data, cv=N_FOLDS
    )
    assert_same_results(ours, theirs)
    assert any(tmp_path.rglob("*.pkl"))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_between_the_steps(data, kind):
    frames = pytest.importorskip(kind)
    X = frames.DataFrame({f"x{k}": column for k, column in enumerate(data[0].T)})
    columns = ColumnTransformer([("a", StandardScaler(), ["x0", "x1"])], remainder="passthrough")
    columns.set_output(transform=kind)
    ours, theirs = both(pipeline(("columns", columns)), FOREST, X, data[1], cv=N_FOLDS)
    assert_same_results(ours, theirs)
    assert ours.n_fits_ < ours.n_candidates_ * N_FOLDS


def test_a_scorer_of_the_users_own_is_given_the_whole_pipeline(data):
    def steps_seen(estimator, X, y):
        assert X.shape[1] == 6
        return len(estimator.steps) + estimator[-1].n_features_in_ + estimator.score(X, y)

    grid = {**FOREST, "best__k": [2, 4]}
    ours, theirs = both(
        pipeline(("best", SelectKBest())), grid, *data, cv=N_FOLDS, scoring=steps_seen
    )
    assert_same_results(ours, theirs)
    assert ours.n_fits_ < ours.n_candidates_ * N_FOLDS


def test_weights_of_the_steps(data):
    X, y = data
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    given = {"forest__sample_weight": weight, "scale__sample_weight": weight}
    ours, theirs = both(
        pipeline(("scale", Counted())), FOREST, X, y, cv=N_FOLDS, fit_params=given, refit=False
    )
    assert_same_results(ours, theirs)
    assert ours.n_fits_ < ours.n_candidates_ * N_FOLDS
    plain, _ = both(pipeline(("scale", Counted())), FOREST, X, y, cv=N_FOLDS, refit=False)
    weighted, unweighted = (s.cv_results_["mean_test_score"] for s in (ours, plain))
    assert not np.array_equal(weighted, unweighted)


def test_a_prefix_that_cannot_be_fitted_is_a_failed_fit(data):
    grid = {**FOREST, "pca__n_components": [2, 600]}
    pipe = pipeline(("pca", PCA()))
    searches = []
    for kind in (GridSearchCV, ScikitGridSearchCV):
        search = kind(clone(pipe), grid, cv=N_FOLDS, refit=False)
        _, error, warned = outcome(lambda search=search: search.fit(*data))
        assert error is None
        assert [category for category, _ in warned] == [FitFailedWarning, UserWarning]
        assert "12 fits failed out of a total of 24" in warned[0][1]
        searches.append(search)
    assert_same_results(*searches)


@pytest.mark.parametrize("scoring", [None, "recall_macro", ["accuracy", "neg_brier_score"]])
def test_training_rows_are_scored_as_scikit_learn_transforms_them(data, scoring):
    """A target encoder is fitted on other numbers than it gives afterwards for the same rows."""
    X, y = data
    X = X.round(0)
    ours, theirs = both(
        pipeline(("encode", TargetEncoder(cv=StratifiedKFold(3)))),
        FOREST,
        X,
        y,
        cv=N_FOLDS,
        scoring=scoring,
        refit=False,
        return_train_score=True,
    )
    assert_same_results(ours, theirs)
    assert 0 < ours.n_fits_ < ours.n_candidates_ * N_FOLDS


def test_no_target_is_the_same_error(data):
    searches = [
        kind(pipeline(("scale", StandardScaler())), FOREST)
        for kind in (GridSearchCV, ScikitGridSearchCV)
    ]
    errors = [outcome(lambda search=search: search.fit(data[0]))[1] for search in searches]
    assert errors[0] is not None
    assert errors[0][0] is errors[1][0]
    assert errors[0][1].split("\n")[:4] == errors[1][1].split("\n")[:4]
