"""The registry."""

import pytest

from setpoint.families import FAMILIES, estimator_classes


def test_names():
    assert {"forest", "extra_trees"} <= FAMILIES.keys()
    assert all(name == family.name for name, family in FAMILIES.items())
    assert estimator_classes()["RandomForestClassifier"] is FAMILIES["forest"].classifier


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_default_grid_is_legal(family):
    for task, kind in family.estimators.items():
        assert family.estimator(task) is kind
        _check_grid(kind, family.default_grid(task))


def test_a_task_that_a_family_lacks():
    for family in FAMILIES.values():
        for task in {"classification", "regression"} - family.estimators.keys():
            with pytest.raises(
                ValueError, match=f"{family.name} is not for {task}; these are: .*forest"
            ):
                family.estimator(task)


def _check_grid(kind, grid):
    for name, values in grid.items():
        assert len(values) == len(set(values)) > 1
        assert all(value in kind.declarations()[name].domain for value in values)
