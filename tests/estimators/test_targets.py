"""Codes of classes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from setpoint.estimators.targets import class_codes

LABELS = st.one_of(
    stn.arrays(stn.integer_dtypes() | stn.unsigned_integer_dtypes(), st.integers(1, 30)),
    stn.arrays(np.int64, st.integers(1, 30), elements=st.integers(-5, 5)),
    stn.arrays(np.uint8, st.integers(1, 30), elements=st.sampled_from([0, 7, 255])),
    stn.arrays(np.bool_, st.integers(1, 30)),
    stn.arrays("U3", st.integers(1, 30)),
)


@given(LABELS)
def test_codes_are_those_of_unique(labels):
    found, inverse = np.unique(labels, return_inverse=True)
    codes, classes = class_codes(labels[:, None])
    assert codes.dtype == np.float64
    assert codes.flags.c_contiguous
    assert classes[0].dtype == found.dtype
    assert np.array_equal(classes[0], found)
    assert np.array_equal(codes[:, 0], inverse)
