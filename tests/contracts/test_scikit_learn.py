"""scikit-learn's own checks of its interface, on every estimator that is registered.

The checks that fail are those that scikit-learn's own estimators of the same kind fail; why is said
beside each.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from contracts.cases import ESTIMATORS

# In double precision: the checks compare trainings whose sums only differ in their order.
NETWORK = {
    "hidden_layer_sizes": (10,),
    "learning_rate_init": 0.02,
    "dtype": "float64",
    "random_state": 0,
}
SMALL = {"n_estimators": 5, "n_jobs": 1}

SETTINGS = {
    "RandomForestClassifier": [SMALL],
    "RandomForestRegressor": [SMALL],
    "ExtraTreesClassifier": [SMALL],
    "ExtraTreesRegressor": [SMALL],
    "LinearRegression": [{}, {"positive": True}],
    "Ridge": [{}, {"positive": True}],
    "LogisticRegression": [{}, {"l1_ratio": 1.0}, {"l1_ratio": 0.5, "C": 10.0}],
    "SGDClassifier": [{}, {"batch_size": 10, "optimizer": "adam", "eta0": 0.05}],
    "MLPClassifier": [NETWORK],
    "MLPRegressor": [NETWORK],
    "SVC": [{}, {"kernel": "precomputed"}],
    "LinearSVR": [{"max_iter": 20}],
}
"""What the checks are run with, where it is not the defaults."""

REPEATED = {
    "forest": "rows are drawn in proportion to their weights: a weight of 2 is a repeated row in "
    "distribution, not in one draw",
    "descent": "a weight of 2 is a longer step, a repeated row is two steps",
    "svm": "a weight of 2 is a repeated row up to tol only",
}
"""By a part of the family's name, why weights are not equivalent to repeated rows."""


def expected_failures(estimator):
    family = estimator._family
    found = {}
    reason = next((why for name, why in REPEATED.items() if name in family), None)
    if reason and getattr(estimator, "bootstrap", True):
        for rows in ("dense", "sparse"):
            found[f"check_sample_weight_equivalence_on_{rows}_data"] = reason
    if family == "ridge" and not estimator.positive:
        name = "check_non_transformer_estimators_n_iter"
        found[name] = "a linear system takes no iterations: n_iter_ is None"
    if family == "nu_svm":
        found["check_class_weight_classifiers"] = "nu is infeasible for these weights"
    return found


def checked():
    for kind in ESTIMATORS:
        for settings in SETTINGS.get(kind.cls.__name__, [{}]):
            yield kind.cls(**settings)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(list(checked()), expected_failed_checks=expected_failures)
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
