"""Parameters: a read-only mapping of arrays that prints as a table."""

import numpy as np
import pytest

from setpoint.parameters import Parameters

ARRAYS = {"weights": np.ones((10, 20)), "biases": np.zeros(20)}


@pytest.fixture
def parameters():
    return Parameters("Net", ARRAYS, {"weights": "one for each pair", "biases": "<b>"})


def test_mapping(parameters):
    assert list(parameters) == ["weights", "biases"]
    assert len(parameters) == 2
    assert parameters.shapes == {"weights": (10, 20), "biases": (20,)}
    assert parameters.total == 220
    assert parameters.nbytes == 8 * 220


def test_arrays_are_views_that_cannot_be_written(parameters):
    assert np.shares_memory(parameters["weights"], ARRAYS["weights"])
    with pytest.raises(ValueError, match="read-only"):
        parameters["weights"][0] = 3
    assert ARRAYS["weights"].flags.writeable


def test_table(parameters):
    title, header, _, weights, _ = str(parameters).splitlines()
    assert title == "Net: 220 numbers in 2 arrays"
    assert header.split() == ["name", "shape", "type", "count", "meaning"]
    assert weights.split()[:6] == ["weights", "10", "x", "20", "float64", "200"]
    assert "&lt;b&gt;" in parameters._repr_html_()
