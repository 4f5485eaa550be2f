"""Data frames and categorical columns."""

import numpy as np
import pytest

from setpoint.estimators.categories import codes, learn_categories
from setpoint.estimators.columns import Columns
from setpoint.estimators.forest_base import Forest
from setpoint.families import estimator_classes

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

ESTIMATORS = [kind for kind in estimator_classes().values() if issubclass(kind, Forest)]
each = pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)

CITIES = ["oslo", "rome", "oslo", None, "bern", "rome"]
SIZES = [1.0, 2.0, np.nan, 4.0, 5.0, 6.0]
Y = np.array([0, 1, 0, 0, 1, 1])


def pandas_frame(cities=CITIES, sizes=SIZES):
    return pandas.DataFrame({"city": pandas.Categorical(cities), "size": sizes})


def polars_frame(cities=CITIES, sizes=SIZES, dtype=None):
    column = polars.Series("city", cities, dtype=dtype or polars.Categorical)
    return polars.DataFrame([column, polars.Series("size", sizes)])


def arrow_frame(cities=CITIES, sizes=SIZES):
    pyarrow = pytest.importorskip("pyarrow")
    column = pyarrow.array(cities).dictionary_encode()
    return pyarrow.table({"city": column, "size": sizes})


FRAMES = [pandas_frame, polars_frame, arrow_frame]
each_frame = pytest.mark.parametrize("frame", FRAMES)


def learn(X, spec="from_dtype"):
    class Owner:
        def __sklearn_tags__(self):
            return ESTIMATORS[0]().__sklearn_tags__()

    return Columns.learn(Owner(), X, spec)


EXPECTED = np.array(
    [[1, 1], [2, 2], [1, np.nan], [np.nan, 4], [0, 5], [2, 6]], dtype=np.float32
)  # bern, oslo, rome


@each_frame
def test_a_categorical_column_becomes_codes(frame):
    columns, rows = learn(frame())
    assert columns.names.tolist() == ["city", "size"]
    assert columns.categories[0].tolist() == ["bern", "oslo", "rome"]
    assert columns.categories[1] is None
    assert columns.categorical.tolist() == [True, False]
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    assert np.array_equal(rows, EXPECTED, equal_nan=True)


@each
@each_frame
def test_fit_and_predict_remember_the_categories(kind, frame):
    model = kind(10, random_state=0).fit(frame(), Y)
    assert model.categories_[0].tolist() == ["bern", "oslo", "rome"]
    expected = model.predict(frame())
    # Other rows, in another order, with a category less: the codes stay.
    some = [4, 1, 5]
    part = frame([CITIES[i] for i in some], [SIZES[i] for i in some])
    assert (model.predict(part) == expected[some]).all()
    # A category not seen in fit counts as missing.
    unknown = model.predict(frame(["paris", "paris"], [1.0, 6.0]))
    missing = model.predict(frame([None, None], [1.0, 6.0]))
    assert (unknown == missing).all()


@each
def test_the_kind_of_frame_changes_nothing(kind):
    predicted = [kind(10, random_state=0).fit(f(), Y).predict(f()) for f in FRAMES]
    assert all((p == predicted[0]).all() for p in predicted)


def test_an_enum_keeps_its_order():
    dtype = polars.Enum(["rome", "oslo", "bern", "paris"])
    columns, rows = learn(polars_frame(dtype=dtype))
    assert columns.categories[0].tolist() == ["rome", "oslo", "bern", "paris"]
    assert np.array_equal(rows[:, 0], [1, 0, 1, np.nan, 2, 0], equal_nan=True)
    ordered = pandas.DataFrame({"city": pandas.Categorical(CITIES, ["rome", "oslo", "bern"])})
    assert learn(ordered)[0].categories[0].tolist() == ["rome", "oslo", "bern"]


def test_categories_of_numbers():
    frame = pandas.DataFrame({"zip": pandas.Categorical([94110, 10001, 94110, None])})
    columns, rows = learn(frame)
    assert columns.categories[0].tolist() == [10001, 94110]
    assert np.array_equal(rows[:, 0], [1, 0, 1, np.nan], equal_nan=True)


@pytest.mark.parametrize("spec", [[0], np.array([True, False]), ["city"], ("city",)])
def test_chosen_by_index_mask_or_name(spec):
    text = pandas.DataFrame({"city": CITIES, "size": SIZES})
    columns, rows = learn(text, spec)
    assert columns.categories[0].tolist() == ["bern", "oslo", "rome"]
    assert np.array_equal(rows, EXPECTED, equal_nan=True)


def test_chosen_in_an_array():
    X = np.array([[94110.0, 1.0], [10001.0, 2.0], [np.nan, 3.0], [94110.0, np.nan]])
    columns, rows = learn(X, [0])
    assert columns.categories[0].tolist() == [10001.0, 94110.0]
    expected = np.array([[1, 1], [0, 2], [np.nan, 3], [1, np.nan]])
    assert np.array_equal(rows, expected, equal_nan=True)
    mixed = np.array([["a", 1.0], ["b", 2.0], [None, 3.0]], dtype=object)
    assert np.array_equal(learn(mixed, [0])[1][:, 0], [0, 1, np.nan], equal_nan=True)


def test_none_turns_categories_into_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"column 'city' of X has dtype category.*neither"):
        learn(pandas_frame(), None)
    numeric = polars.DataFrame({"size": SIZES})
    assert not learn(numeric, None)[0].categorical.any()


@pytest.mark.parametrize(
    ("X", "remedy"),
    [
        (pandas.DataFrame({"city": CITIES}), r'X\["city"\] = X\["city"\].astype\("category"\)'),
        (pandas.DataFrame({"when": pandas.to_datetime(["2020-01-01"])}), "datetime64"),
        (polars.DataFrame({"city": CITIES}), r'cast\(pl.Categorical\)'),
        (pandas.DataFrame({"city": [1, "a"]}, dtype=object), "neither numeric nor categorical"),
    ],
)  # fmt: skip
def test_text_without_a_dtype_is_refused(X, remedy):
    with pytest.raises(ValueError, match=r"column '(city|when)' of X has dtype") as caught:
        learn(X)
    assert "neither numeric nor categorical" in str(caught.value)
    with pytest.raises(ValueError, match=remedy):
        learn(X)


def test_numeric_frames_of_all_kinds():
    expected = np.array([[1, 0, 2], [np.nan, 1, 3]], dtype=np.float32)
    frames = [
        pandas.DataFrame({"a": [1, None], "b": [False, True], "c": [2, 3]}),
        pandas.DataFrame({"a": [1, None], "b": [0, 1], "c": [2, 3]}, dtype=object),
        pandas.DataFrame({"a": [1, None], "b": [0, 1], "c": [2, 3]}).convert_dtypes(),
        polars.DataFrame({"a": [1, None], "b": [False, True], "c": [2, 3]}),
    ]
    for frame in frames:
        assert np.array_equal(learn(frame)[1], expected, equal_nan=True)
    # The same beside a categorical column, where the columns are read one by one.
    for frame in frames[:3]:
        wide = frame.assign(d=pandas.Categorical(["x", "y"]))
        assert np.array_equal(learn(wide)[1][:, :3], expected, equal_nan=True)
    wide = frames[3].with_columns(d=polars.Series(["x", "y"], dtype=polars.Categorical))
    assert np.array_equal(learn(wide)[1][:, :3], expected, equal_nan=True)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([5], r"categorical_features as indices must lie in \[0, 1\], got \[5\]"),
        ([-1], "must lie in"),
        ([True], "boolean mask must have one entry for each of the 2 columns"),
        (["town"], r"names \['town'\], which X does not have. Its columns are \['city', 'size'\]"),
        ([1.5], "must be an array-like of bool, int or str"),
        ([None], "must be an array-like of bool, int or str"),
    ],
)
def test_choices_that_do_not_fit(spec, message):
    with pytest.raises(ValueError, match=message):
        learn(pandas_frame(), spec)


def test_names_need_a_frame():
    with pytest.raises(ValueError, match=r"X has no column names\. Pass a data frame"):
        learn(np.zeros((2, 2)), ["city"])


@each
def test_feature_names_are_checked(kind):
    model = kind(3, random_state=0).fit(pandas_frame(), Y)
    assert model.feature_names_in_.tolist() == ["city", "size"]
    swapped = pandas_frame()[["size", "city"]]
    with pytest.raises(ValueError, match=r"must be in the same order|column 'size'|column 'city'"):
        model.predict(swapped)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pandas_frame().rename(columns={"size": "weight"}))
    with pytest.raises(ValueError, match=r"feature names should match|is expecting 2 features"):
        model.predict(pandas_frame()[["city"]])
    numeric = kind(3, random_state=0).fit(pandas_frame()[["size"]], Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        numeric.predict(np.array(SIZES)[:, None])


def test_many_categories():
    names = np.array([f"c{i:05d}" for i in range(30_000)], dtype=object)
    frame = pandas.DataFrame({"id": pandas.Categorical(names[::-1])})
    columns, rows = learn(frame)
    assert len(columns.categories[0]) == 30_000
    assert np.array_equal(rows[:, 0], np.arange(30_000)[::-1])


def test_a_mix_of_types_has_no_order():
    with pytest.raises(ValueError, match="categorical column 3 of X mixes int, str"):
        learn_categories(np.array([1, "a"], dtype=object), 3)


def test_codes_of_an_empty_set_are_missing():
    assert np.isnan(codes(np.array([1.0, 2.0]), np.array([]))).all()
    assert learn_categories(np.array([np.nan, np.nan]), 0).tolist() == []


@each
def test_a_category_decides(kind):
    random = np.random.RandomState(0)
    names = np.array([f"c{i}" for i in range(100)])
    good = random.rand(100) < 0.5
    code = random.randint(100, size=3000)
    frame = pandas.DataFrame({"name": pandas.Categorical(names[code]), "noise": random.rand(3000)})
    model = kind(20, random_state=0, max_depth=12, max_features=None)
    assert model.fit(frame[:2000], good[code][:2000].astype(int)).score(
        frame[2000:], good[code][2000:].astype(int)
    ) > (0.95 if "RandomForest" in kind.__name__ else 0.8)
