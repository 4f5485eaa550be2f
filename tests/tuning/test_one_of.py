"""Several models in one search: each candidate is what it is in a search over its model alone."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from setpoint import (
    SVC,
    BayesSearchCV,
    GridSearchCV,
    HalvingGridSearchCV,
    OneOf,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
    Ridge,
)
from tuning.remote import X, Y

FOREST = RandomForestClassifier(6, random_state=0)
SCALED = make_pipeline(StandardScaler(), SVC())
TREE = DecisionTreeClassifier(random_state=0)
MODELS = OneOf([("forest", FOREST), ("svm", SCALED), ("tree", TREE)])
SPACE = {
    "forest": {"max_depth": [1, 2, 4], "n_estimators": [3, 6]},
    "svm": {"svc__C": [0.1, 1.0]},
    "tree": {"max_depth": [1, 3]},
}


def test_scores_are_those_of_searches_over_each_model():
    search = GridSearchCV(MODELS, SPACE, cv=3, return_train_score=True).fit(X, Y)
    alone = [
        GridSearchCV(model, SPACE[name], cv=3, return_train_score=True).fit(X, Y)
        for name, model in MODELS.models
    ]
    for name in ("split0_test_score", "mean_test_score", "mean_train_score"):
        expected = np.concatenate([own.cv_results_[name] for own in alone])
        np.testing.assert_array_equal(search.cv_results_[name], expected)
    assert search.n_fits_ == sum(own.n_fits_ for own in alone)
    # Depth and number of trees are free: one forest a fold.
    assert alone[0].n_fits_ == 3


def test_the_best_estimator_is_the_model_itself():
    search = GridSearchCV(MODELS, SPACE, cv=3).fit(X, Y)
    best = {"forest": FOREST, "svm": SCALED, "tree": TREE}[search.best_params_["model"]]
    assert type(search.best_estimator_) is type(best)
    again = clone(MODELS).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict(X), again.predict(X))
    np.testing.assert_array_equal(search.classes_, np.unique(Y))


@pytest.mark.parametrize("search", [
    RandomizedSearchCV(MODELS, n_iter=8, cv=2, random_state=0),
    BayesSearchCV(MODELS, {**SPACE, "svm": {"svc__C": Real(0.1, 10, log=True)}}, n_iter=8, cv=2,
                  random_state=0),
    HalvingGridSearchCV(MODELS, SPACE, cv=2, random_state=0),
], ids=["random", "bayes", "halving"])  # fmt: skip
def test_every_search_takes_it(search):
    search.fit(X, Y)
    for params in search.cv_results_["params"]:
        others = [name for name in params if name != "model"]
        assert all(name.startswith(f"{params['model']}__") for name in others)
    assert len({params["model"] for params in search.cv_results_["params"]}) > 1


def test_models_without_a_seed_share_that_of_the_search():
    models = OneOf([("forest", RandomForestClassifier(4)), ("tree", TREE)])
    search = GridSearchCV(models, {"forest": {"min_samples_split": [2, 2]}}, cv=3).fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[1] and search.n_fits_ == 3


def test_as_an_estimator_of_its_own():
    assert is_classifier(MODELS) and is_regressor(OneOf([("ridge", Ridge())]))
    model = clone(MODELS).set_params(model="svm", svm__svc__C=2.0)
    assert model.get_params()["svm__svc__C"] == 2.0
    assert MODELS.get_params()["svm__svc__C"] == 1.0
    model.fit(X, Y)
    assert model.score(X, Y) == np.mean(model.predict(X) == Y)
    assert model.decision_function(X).shape == (len(X), 3)
    assert not hasattr(model, "predict_proba")
    assert hasattr(clone(MODELS), "predict_proba")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_a_model_that_is_none_of_them():
    with pytest.raises(ValueError, match="model='svn' is none of the models"):
        clone(MODELS).set_params(model="svn").fit(X, Y)
    with pytest.raises(ValueError, match="svn"):
        GridSearchCV(MODELS, {"svn__C": [1.0]}, cv=2).fit(X, Y)


@pytest.mark.parametrize("space", [{"forrest": {"max_depth": [1]}}, {"max_depth": [1, 2]}])
@pytest.mark.parametrize("kind", [GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV])
def test_a_space_of_what_is_no_model(kind, space):
    with pytest.raises(ValueError, match=r"forest, svm, tree; '(forrest|max_depth)' is none of"):
        kind(MODELS, space).fit(X, Y)


@pytest.mark.parametrize("kind", [GridSearchCV, HalvingGridSearchCV])
def test_a_range_is_no_list(kind):
    with pytest.raises(
        TypeError, match=r"svc__C has a range, .*: search it with RandomizedSearchCV"
    ):
        kind(SCALED, {"svc__C": Real(0.1, 1.0)}).fit(X, Y)
