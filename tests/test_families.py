"""The registry."""

import pytest

from setpoint.families import FAMILIES, estimator_classes


def test_names():
    assert {"forest", "extra_trees"} <= FAMILIES.keys()
    assert all(name == family.name for name, family in FAMILIES.items())
    assert estimator_classes()["RandomForestClassifier"] is FAMILIES["forest"].classifier


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_default_grid_is_legal_and_has_free_hyperparameters(family, task):
    kind = family.estimator(task)
    grid = family.default_grid(task)
    assert any(kind.declarations()[name].cost == "free" for name in grid)
    for name, values in grid.items():
        assert len(values) == len(set(values)) > 1
        assert all(value in kind.declarations()[name].domain for value in values)
