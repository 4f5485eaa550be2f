"""scikit-learn's own checks of its interface, on all four forests."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from setpoint import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

SMALL = {"n_estimators": 5, "n_jobs": 1}

# scikit-learn expects the same of its own forests: rows are drawn in proportion to their weights,
# so a weight of 2 is a repeated row in distribution, not in one draw.
WEIGHTS = "sample_weight is equivalent to repeated rows in distribution only"
BOOTSTRAPPED = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS,
}


def expected_failures(estimator):
    return BOOTSTRAPPED if estimator.bootstrap else {}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [
        RandomForestClassifier(**SMALL),
        RandomForestRegressor(**SMALL),
        ExtraTreesClassifier(**SMALL),
        ExtraTreesRegressor(**SMALL),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
