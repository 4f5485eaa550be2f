"""Spaces: every point is a legal candidate of plain values, and every candidate has one point."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from setpoint import (
    NONE,
    Choice,
    ExtraTreesClassifier,
    Integer,
    RandomForestClassifier,
    Real,
    Space,
)
from setpoint.families import estimator_classes
from setpoint.hyperparameters import Flag, Fraction
from setpoint.tuning.space import SAMPLINGS, default_space, draw
from setpoint.tuning.space.default import declaration
from setpoint.tuning.space.dimension import dimension

DOMAINS = [
    Integer(1, 9),
    Integer(-3, 4),
    Integer(0, 10, "neither"),
    Integer(1, 500, log=True),
    Integer(2, 2),
    Integer(1, 10**7, log=True),
    Integer(0, 10**6),
    Integer(10, 100, step=15),
    Integer(8, 512, log=True, step=8),
    Real(0.0, 1.0),
    Real(-1.0, 1.0, "neither"),
    Real(1e-6, 1e3, log=True),
    Real(0.1, 0.9, step=0.1),
    Fraction(0.0, 1.0, "right"),
    Choice("a", "b", "c"),
    Choice(None, 1, 0.5, "x", (1, 2)),
    Flag(),
    Integer(1, 32, log=True) | NONE,
    Real(0.1, 1.0) | Choice("sqrt", "log2") | NONE,
]

CONDITIONAL = Space(
    {
        "degree": Integer(2, 5),
        "kernel": Choice("linear", "rbf", "poly"),
        "gamma": Real(1e-3, 1.0, log=True) | Choice("scale"),
        "coef0": [0.0, 0.5, 1.0],
    },
    when={
        "degree": {"kernel": "poly"},
        "gamma": {"kernel": ["rbf", "poly"]},
        "coef0": {"kernel": "poly"},
    },
)


def members(domain, n=300):
    random = np.random.default_rng(0)
    [made] = [dimension(domain)]
    space = Space({"x": made})
    shares = random.random((n, len(space.columns)))
    return [candidate["x"] for candidate in draw(space, n, random)] + [
        made.decode([column.at(share) for column, share in zip(made.columns, row, strict=True)])
        for row in shares
    ]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_draws_are_legal_and_plain(domain):
    for value in members(domain):
        assert value in domain
        assert type(value) in (int, float, str, bool, tuple, type(None))
        if type(value) is float:
            assert domain.plain(value) == value


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_value_has_one_point_and_a_point_its_value(domain):
    made = dimension(domain)
    for value in members(domain):
        again = made.decode(made.encode(value))
        assert type(again) is type(value)
        assert again == (pytest.approx(value, rel=1e-9) if type(value) is float else value)


@pytest.mark.parametrize("domain", [Integer(1, 9), Integer(10, 100, step=15), Real(0, 1, step=0.2)])
def test_values_of_a_linear_range_are_equally_likely(domain):
    values = [dimension(domain).decode([share]) for share in (np.arange(7 * 9 * 100) + 0.5) / 6300]
    _, counts = np.unique(values, return_counts=True)
    assert counts.max() <= counts.min() + 2


def test_equal_ratios_are_equally_likely_on_a_log_scale():
    values = [dimension(Real(1e-4, 1.0, log=True)).decode([share]) for share in (0, 0.25, 0.5, 1)]
    assert values == pytest.approx([1e-4, 1e-3, 1e-2, 1.0])
    values = [dimension(Integer(1, 1000, log=True)).decode([k / 999]) for k in range(1000)]
    assert 100 < sum(value <= 2 for value in values) < 300
    assert (min(values), max(values)) == (1, 1000)


def test_draws_follow_the_scale():
    space = Space({"log": Integer(1, 900, log=True), "linear": Integer(1, 900)})
    found = draw(space, 400, np.random.default_rng(0), "latin")
    # Whole numbers own what is nearest to them: 1 begins at 1/2.
    assert 18 < np.median([params["log"] for params in found]) < 25
    assert 440 < np.median([params["linear"] for params in found]) < 460


def test_steps_are_the_decimals_that_they_look_like():
    found = Space({"x": Real(0.1, 0.7, step=0.1)}).points(10)
    values = [Space({"x": Real(0.1, 0.7, step=0.1)}).decode(point)["x"] for point in found]
    assert values == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert 0.3 in Real(0.1, 0.7, step=0.1) and 0.35 not in Real(0.1, 0.7, step=0.1)
    assert str(Real(0.1, 0.7, step=0.1)) == "a float in [0.1, 0.7] in steps of 0.1"


def test_lists_of_numbers_have_an_order_and_others_none():
    assert dimension([10, 1, 100]).columns[0].positions == pytest.approx((1 / 6, 1 / 2, 5 / 6))
    assert dimension(["a", "b", "c"]).columns[0].n_categories == 3
    assert dimension(np.array([1.5, 2.5, 3.5])).decode([0.5]) == 2.5
    assert dimension([True, 1]).encode(1) == (1.0,)
    first, second = StandardScaler(), StandardScaler(with_mean=False)
    assert dimension([first, second]).encode(second) == (1.0,)


@pytest.mark.parametrize("distribution", [
    scipy.stats.uniform(2, 3), scipy.stats.loguniform(1e-3, 1e3), scipy.stats.randint(3, 9),
    scipy.stats.norm(),
])  # fmt: skip
def test_scipy_distributions(distribution):
    made = dimension(distribution)
    shares = (np.arange(1000) + 0.5) / 1000
    values = [made.decode([share]) for share in shares]
    assert np.mean(values) == pytest.approx(distribution.mean(), rel=0.05, abs=0.01)
    assert {type(value) for value in values} <= {int, float}
    for value in values[::100]:
        assert made.decode(made.encode(value)) == pytest.approx(value)


def test_conditions_leave_out_what_does_not_apply():
    names = {"linear": {"kernel"}, "rbf": {"kernel", "gamma"}}
    seen = set()
    for params in draw(CONDITIONAL, 200, np.random.default_rng(0)):
        assert set(params) == names.get(params["kernel"], set(CONDITIONAL.names))
        point = CONDITIONAL.encode(params)
        assert CONDITIONAL.decode(point) == pytest.approx(params)
        seen.add(params["kernel"])
    assert seen == {"linear", "rbf", "poly"}
    with pytest.raises(ValueError, match="degree"):
        CONDITIONAL.encode({"kernel": "linear", "degree": 3})
    with pytest.raises(ValueError, match="gamma is missing"):
        CONDITIONAL.encode({"kernel": "rbf"})


def test_finite_spaces_are_listed_without_repetition():
    space = Space(
        {
            "kernel": Choice("linear", "poly"),
            "degree": Integer(2, 4),
            "depth": Integer(1, 2) | NONE,
        },
        when={"degree": {"kernel": "poly"}},
        constraints=[lambda params: params["depth"] != 1],
    )
    points = space.points(100)
    found = [tuple(space.decode(point).items()) for point in points]
    assert len(found) == len(set(found)) == (1 + 3) * 2
    assert space.points(7) is None
    assert CONDITIONAL.points(10**6) is None


def test_alternatives():
    space = Space([{"kernel": ["linear"], "C": [1, 2, 3]}, {"kernel": ["rbf"], "gamma": [0.1]}])
    found = [space.decode(point) for point in space.points(10)]
    assert [params.get("C") for params in found] == [1, 2, 3, None]
    for params in found:
        assert space.decode(space.encode(params)) == params
    assert len(draw(space, 10, np.random.default_rng(0))) == 4
    with pytest.raises(ValueError, match="none of the alternatives"):
        space.encode({"kernel": "rbf", "C": 1})


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_draws_are_different_and_as_many_as_there_are(sampling):
    space = Space({"x": Integer(1, 4), "y": Choice("a", "b")})
    for n, expected in [(3, 3), (8, 8), (20, 8)]:
        found = draw(space, n, np.random.default_rng(1), sampling)
        assert len(found) == len({tuple(params.items()) for params in found}) == expected


@pytest.mark.parametrize("sampling", ["sobol", "latin"])
def test_spread_draws_are_spread(sampling):
    space = Space({"x": Real(0.0, 1.0), "y": Real(0.0, 1.0)})
    found = draw(space, 64, np.random.default_rng(2), sampling)
    for name in "xy":
        counts, _ = np.histogram([params[name] for params in found], 64, (0, 1))
        assert counts.max() == 1


def test_constraints_hold_for_draws():
    space = Space({"x": Real(0, 1), "y": Real(0, 1)}, constraints=[lambda p: p["x"] < p["y"]])
    for sampling in SAMPLINGS:
        found = draw(space, 50, np.random.default_rng(0), sampling)
        assert len(found) == 50
        assert all(params["x"] < params["y"] for params in found)


@given(st.integers(0, 2**32 - 1))
def test_settling_twice_is_settling_once(seed):
    random = np.random.default_rng(seed)
    for params in draw(CONDITIONAL, 3, random):
        point = CONDITIONAL.settle(CONDITIONAL.encode(params))
        assert point.tobytes() == CONDITIONAL.settle(point).tobytes()


@pytest.mark.parametrize("kind", estimator_classes().values(), ids=lambda kind: kind.__name__)
def test_default_spaces_are_the_declared_ranges(kind):
    declared = kind.declarations()
    names = [name for name, item in declared.items() if item.search is not None]
    if not names:
        with pytest.raises(ValueError, match="declares no ranges to search"):
            default_space(kind())
        return
    needed = [item.search.when for item in declared.values() if item.search and item.search.when]
    space = default_space(kind(**dict(needed)))
    assert space.names == names
    for params in draw(space, 50, np.random.default_rng(0)):
        for name, value in params.items():
            declared[name].check(value)


@pytest.mark.parametrize("bootstrap", [True, False])
def test_a_default_space_names_only_what_applies(bootstrap):
    for forest in (
        RandomForestClassifier(bootstrap=bootstrap),
        ExtraTreesClassifier(bootstrap=bootstrap),
    ):
        pipeline = make_pipeline(StandardScaler(), forest)
        names = [name.rpartition("__")[2] for name in default_space(pipeline).names]
        assert names == default_space(forest).names
        assert ("max_samples" in names) == bootstrap


def test_default_space_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier())
    space = default_space(pipeline)
    assert "randomforestclassifier__max_depth" in space.names
    assert declaration(pipeline, "randomforestclassifier__max_depth").cost == "free"
    assert declaration(pipeline, "standardscaler__with_mean") is None
    with pytest.raises(ValueError, match="SVC declares no ranges"):
        default_space(SVC())


@pytest.mark.parametrize(("space", "message"), [
    ({"x": 3}, "x: a hyperparameter is searched in"),
    ({"x": "abc"}, "x: a hyperparameter is searched in"),
    ({"x": []}, "x: a list of values to search is empty"),
    ({"x": Integer(1)}, "x: a search needs both bounds"),
    ({"x": Integer(1, 2) | Real(0, 1)}, "x: a search takes one range"),
    ([], "there is no space"),
    ({}, "there is no space"),
    ([{}, {}], "there is no space"),
    ({"x": Real(0, 1, "right", log=True)}, r"x: log=True needs a lower bound above 0"),
    ({"x": Integer(1, 2, "neither")}, r"x: no number is an int in \(1, 2\)"),
    ({"x": Real(1, 1, "left")}, r"x: no number is a float in \[1, 1\)"),
])  # fmt: skip
def test_what_is_no_space(space, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Space(space)


def test_conditions_that_make_no_sense():
    with pytest.raises(ValueError, match="'kernel' is not in the space"):
        Space({"degree": Integer(2, 3)}, when={"degree": {"kernel": "poly"}})
    circle = {"a": {"b": 1}, "b": {"a": 1}}
    with pytest.raises(ValueError, match="circle"):
        Space({"a": [1, 2], "b": [1, 2]}, when=circle)
    with pytest.raises(ValueError, match="must have a list of values"):
        Space({"a": Real(0, 1), "b": [1, 2]}, when={"b": {"a": 0.5}})


@pytest.mark.parametrize("values", [[1, 1.0], [0.5, 1, 1.0, 1], [True, 1, 1.0, None]], ids=str)
def test_a_count_and_a_share_are_two_values(values):
    space = Space({"a": values})
    for value in values:
        decoded = space.decode(space.encode({"a": value}))["a"]
        assert (decoded, type(decoded)) == (value, type(value))
    assert space.decode(space.encode({"a": np.float32(1)})) == {"a": 1.0}


@pytest.mark.parametrize("make", [
    lambda: Real(0.0, 1.0, log=True), lambda: Integer(5, 1), lambda: Real(0, 1, step=0),
    lambda: Choice(), lambda: Real(None, 1.0, step=0.1),
])  # fmt: skip
def test_domains_that_make_no_sense(make):
    with pytest.raises(ValueError):
        make()


def test_choices_tell_types_apart():
    assert 1 in Choice(1, "a") and True not in Choice(1, "a") and 1.0 not in Choice(1, "a")
    assert np.int64(1) in Choice(1, 2) and np.float64(1) not in Choice(1, 2)
    assert type(Choice(1, 2).plain(np.int64(1))) is int
    assert np.True_ in Choice(True, "a") and np.True_ not in Choice(1, "a")
    assert np.nan not in Choice(1.0) and math.pi not in Choice("a")
    assert Choice(1, None, "a").parse("None") is None
    assert Choice(1, None, "a").kind == "int | None | str"


@pytest.mark.parametrize(("domain", "values"), [
    (Integer(0, 20, "right", step=5), [5, 10, 15, 20]),
    (Integer(0, 20, "left", step=5), [0, 5, 10, 15]),
    (Real(0, 1, "neither", step=0.25), [0.25, 0.5, 0.75]),
    (Integer(0, 4, "right", log=True), [1, 2, 3, 4]),
], ids=str)  # fmt: skip
def test_steps_begin_at_the_bound_that_is_left_out(domain, values):
    points = Space({"x": domain}).points(100)
    assert [Space({"x": domain}).decode(point)["x"] for point in points] == values


def test_an_alternative_may_be_to_leave_everything_as_it_is():
    space = Space([{}, {"x": [1, 2]}])
    found = [space.decode(point) for point in space.points(10)]
    assert found == [{}, {"x": 1}, {"x": 2}]
    assert [space.decode(space.encode(params)) for params in found] == found
