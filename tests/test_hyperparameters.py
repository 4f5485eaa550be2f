"""Declarations: domains, constructors, messages, views; and that they agree with scikit-learn's."""

import inspect
import json
import math
import re
import typing

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils import all_estimators
from sklearn.utils._param_validation import make_constraint

from setpoint.estimators.forest_base import Forest
from setpoint.estimators.network import MLPRegressor
from setpoint.families import estimator_classes
from setpoint.hyperparameters import (
    NONE,
    Amount,
    ArrayLike,
    Choice,
    Declared,
    Flag,
    Fraction,
    Hyperparameters,
    Integer,
    InvalidHyperparameterError,
    Real,
    Search,
    Seed,
    hyperparameter,
    variation,
)
from setpoint.hyperparameters.values import equal, same

ESTIMATORS = list(estimator_classes().values())
DECLARED = [(kind, item) for kind in ESTIMATORS for item in kind.declarations().values()]
each_estimator = pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
each_declaration = pytest.mark.parametrize(
    ("kind", "item"), DECLARED, ids=[f"{kind.__name__}-{item.name}" for kind, item in DECLARED]
)

VALUES = [
    None, True, False, np.True_, 0, 1, 2, 3, -1, -2, 10**12, 2**32 - 1, 2**32, np.int64(5),
    np.uint8(0), 0.0, 1.0, 0.5, 1.5, -0.5, 1e-300, math.inf, -math.inf, math.nan,
    np.float32(0.25), "sqrt", "log2", "auto", "gini", "entropy", "log_loss", "squared_error",
    "absolute_error", "poisson", "balanced", "balanced_subsample", "best", "", {}, {0: 1}, [],
    [1, 0], (1,), np.array([1, 0]), np.random.RandomState(0), len, object(), b"sqrt", 1j,
]  # fmt: skip


THEIRS = dict(all_estimators())
FORESTS = [kind for kind in ESTIMATORS if issubclass(kind, Forest)]


def reference(kind):
    return THEIRS[kind.__name__]


@pytest.mark.parametrize("kind", FORESTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: re.sub(r" at 0x.*", "", repr(value)))
def test_domains_are_those_of_scikit_learn(kind, value):
    for name, constraints in reference(kind)._parameter_constraints.items():
        legal = any(make_constraint(c).is_satisfied_by(value) for c in constraints)
        assert (value in kind.declarations()[name].domain) == legal, name


@each_estimator
def test_defaults_are_those_of_scikit_learn(kind):
    ours = kind().get_params()
    theirs = reference(kind)().get_params()
    current = {name: value for name, value in theirs.items() if value != "deprecated"}
    assert {name: ours[name] for name in current} == current


@each_estimator
def test_signature_declares_what_scikit_learn_declares_and_more(kind):
    ours = inspect.signature(kind).parameters
    theirs = inspect.signature(reference(kind)).parameters
    assert theirs.keys() <= ours.keys()
    # MLPRegressor takes its loss by name only: its first place is that of the layers.
    apart = {"loss"} if kind is MLPRegressor else set()
    assert all(ours[name].kind == theirs[name].kind for name in theirs.keys() - apart)


@each_declaration
def test_annotation_agrees_with_the_domain(kind, item):
    hints = typing.get_type_hints(kind)[item.name]
    if hints is typing.Any:
        return
    members = typing.get_args(hints) or (hints,)
    names = {getattr(member, "__name__", str(member)) for member in members}
    plain = {"int", "float", "str", "bool"}
    stated = {part.kind for part in item.domain.parts}
    assert stated & plain == names & plain
    assert ("None" in stated) == (type(None) in members)


@each_declaration
def test_illegal_values_are_refused_at_fit(kind, item):
    X, y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
    illegal = item.illegal()
    assert illegal
    for value in illegal:
        estimator = kind(**{item.name: value})
        with pytest.raises(InvalidHyperparameterError, match=f"{item.name} must be") as caught:
            estimator.fit(X, y)
        assert repr(value) in str(caught.value)
        assert str(item.domain) in str(caught.value)
        assert not hasattr(estimator, "n_features_in_")


@each_declaration
def test_every_declaration_says_what_it_means(kind, item):
    assert item.meaning.endswith(".")
    assert item.default in item.domain
    assert item.name in kind.__doc__
    assert str(item.domain) in kind.__doc__
    if item.search is not None:
        assert all(value in item.domain for value in item.search.grid)


@pytest.mark.parametrize("kind", FORESTS, ids=lambda kind: kind.__name__)
def test_get_params_set_params_and_clone(kind):
    state = np.random.RandomState(0)
    model = kind(7, max_depth=3, random_state=state)
    assert model.get_params()["n_estimators"] == 7
    assert model.get_params()["random_state"] is state
    assert clone(model).get_params()["max_depth"] == 3
    assert model.set_params(max_depth=5).max_depth == 5
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        model.set_params(depth=5)
    assert eval(repr(kind(7, max_depth=3)), {kind.__name__: kind}).get_params() == (
        kind(7, max_depth=3).get_params()
    )


@pytest.mark.parametrize("kind", FORESTS, ids=lambda kind: kind.__name__)
def test_constructor_refuses_what_it_does_not_know(kind):
    with pytest.raises(TypeError, match=r"no hyperparameter 'max_dept'.*Did you mean 'max_depth'"):
        kind(max_dept=3)
    with pytest.raises(TypeError, match=r"no hyperparameter 'zzz'.*It has: n_estimators"):
        kind(zzz=3)
    with pytest.raises(TypeError, match=r"1 positional argument\(s\) \(n_estimators\), got 2"):
        kind(10, "gini")
    with pytest.raises(TypeError, match="n_estimators is given twice"):
        kind(10, n_estimators=20)


class Base(Declared):
    """A class.

    Parameters
    ----------
    {hyperparameters}
    """

    size: int = hyperparameter(
        default=3, domain=Integer(1, 9), meaning="How large.", cost="free", kw_only=False
    )
    mode: str | None = hyperparameter(
        default="fast", domain=Choice("fast", "slow") | NONE, meaning="How to run."
    )


class Derived(Base):
    mode: str | None = variation(default=None, search=Search(("fast", None)))


def test_variation_changes_only_what_it_says():
    base, derived = Base.declarations()["mode"], Derived.declarations()["mode"]
    assert (base.default, derived.default) == ("fast", None)
    assert (derived.domain, derived.meaning) == (base.domain, base.meaning)
    assert base.search is None
    assert Derived().mode is None
    assert Base().mode == "fast"
    assert list(Derived.declarations()) == ["size", "mode"]


def test_docstring_lists_the_declarations():
    assert "size : an int in [1, 9], default=3\n    How large." in Base.__doc__
    assert 'mode : "fast", "slow" or None, default=\'fast\'' in Base.__doc__


def test_an_illegal_default_is_refused_when_the_class_is_made():
    with pytest.raises(InvalidHyperparameterError, match="Wrong: size must be an int"):

        class Wrong(Declared):
            size: int = hyperparameter(default=0, domain=Integer(1), meaning="How large.")


@pytest.mark.parametrize(
    ("domain", "text", "value"),
    [
        (Integer(1) | NONE, "12", 12),
        (Integer(1) | NONE, "None", None),
        (Integer(1) | NONE, "none", None),
        (Amount(1, Fraction(0, 1, "right")), "1", 1),
        (Amount(1, Fraction(0, 1, "right")), "1.0", 1.0),
        (Amount(1, Fraction(0, 1, "right")) | Choice("sqrt"), "sqrt", "sqrt"),
        (Real(0, None, "left"), "1e-3", 1e-3),
        (Real(0, None, "left"), "0", 0.0),
        (Flag(), "true", True),
        (Flag(), "False", False),
        (ArrayLike(), "[0, 3]", [0, 3]),
        (ArrayLike(), "[city,job]", ["city", "job"]),
        (Seed(), "42", 42),
    ],
)
def test_parse(domain, text, value):
    parsed = domain.parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Integer(1), "0"),
        (Integer(1), "1.5"),
        (Real(0, 1), "nan"),
        (Flag(), "maybe"),
        (Choice("a", "b"), "c"),
        (ArrayLike(), "3"),
        (NONE, ""),
        (Seed(), "-1"),
    ],
)
def test_parse_refuses(domain, text):
    with pytest.raises(ValueError, match="is not"):
        domain.parse(text)


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Integer(), "an int"),
        (Integer(2), "an int >= 2"),
        (Integer(2, 65535) | NONE, "an int in [2, 65535] or None"),
        (Real(0.0, 0.5), "a float in [0, 0.5]"),
        (Fraction(0.0, 1.0, "right"), "a float in (0, 1]"),
        (Fraction(0.0, None, "neither"), "a float > 0"),
        (Real(None, 1.0, "right"), "a float in (-inf, 1]"),
        (Integer(1) | Choice("a", "b") | NONE, 'an int >= 1, "a", "b" or None'),
        (Integer(0) | Flag(), "an int >= 0, True or False"),
    ],
)
def test_domain_text(domain, text):
    assert str(domain) == text


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none()))
def test_what_is_outside_is_illegal_and_what_parses_is_legal(value):
    domains = [Integer(1) | NONE, Amount(2, Fraction(0, 1, "neither")), Real(0, 0.5), Flag()]
    for domain in domains:
        assert all(beside not in domain for beside in domain.outside())
        if value in domain and isinstance(value, bool) == (str(domain) == str(Flag())):
            assert domain.parse(repr(value)) == value
            assert domain.plain(value) == value


@pytest.mark.parametrize(
    ("given_value", "remedy"),
    [(10.0, "Did you mean size=10?"), ("4", "Did you mean size=4?"), (0, "default, size=3")],
)
def test_remedies(given_value, remedy):
    class Sized(Declared):
        size: int = hyperparameter(default=3, domain=Integer(1), meaning="How large.")

    with pytest.raises(InvalidHyperparameterError) as caught:
        Sized.declarations()["size"].check(given_value)
    assert remedy in str(caught.value)


def test_remedy_for_a_name():
    item = Base.declarations()["mode"]
    for wrong in ("FAST", "fasst"):
        with pytest.raises(InvalidHyperparameterError, match="Did you mean mode='fast'"):
            item.check(wrong)


def view(**values):
    return Hyperparameters("Base", Base.declarations(), values)


def test_view_reads_by_item_and_attribute_and_is_read_only():
    shown = view(size=5)
    assert shown["size"] == shown.size == 5
    assert shown.mode == "fast"
    assert dict(shown) == {"size": 5, "mode": "fast"}
    assert len(shown) == 2
    assert {"size", "mode"} <= set(dir(shown))
    assert shown.declaration("size").cost == "free"
    with pytest.raises(AttributeError, match="set_params"):
        shown.size = 4
    with pytest.raises(TypeError):
        shown["size"] = 4
    with pytest.raises(AttributeError, match="no hyperparameter 'sise'"):
        _ = shown.sise


def test_view_prints_as_a_table_in_a_terminal_and_a_notebook():
    text, html = str(view(mode="<b>")), view(mode="<b>")._repr_html_()
    assert text.splitlines()[0] == "Base: 2 hyperparameters"
    assert "an int in [1, 9]" in text
    assert repr(view()) == str(view())
    assert html.startswith("<table>")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


@given(
    st.dictionaries(
        st.sampled_from(["n_estimators", "max_depth", "max_features", "class_weight"]),
        st.none(),
    ).flatmap(
        lambda keys: st.fixed_dictionaries(
            {
                name: {
                    "n_estimators": st.integers(1, 10**9),
                    "max_depth": st.none() | st.integers(1, 99),
                    "max_features": st.sampled_from(["sqrt", None, 3, 0.1]),
                    "class_weight": st.sampled_from(["balanced", None, {0: 1.5, 1: 2}, {"a": 1}]),
                }[name]
                for name in keys
            }
        )
    )
)
def test_json_keeps_values_and_types(values):
    kind = estimator_classes()["RandomForestClassifier"]
    shown = kind(**values).hyperparameters
    again = Hyperparameters.values_from_json(shown.to_json(), kind.declarations())
    assert again == dict(shown)
    assert list(map(type, again.values())) == list(map(type, shown.values()))


def test_json_refuses_what_it_cannot_hold_and_what_is_not_declared():
    kind = estimator_classes()["RandomForestClassifier"]
    with pytest.raises(ValueError, match=r"oob_score=.*no JSON form.*set_params\(oob_score"):
        kind(oob_score=len).hyperparameters.to_json()
    declared = kind.declarations()
    with pytest.raises(ValueError, match="unknown names"):
        Hyperparameters.values_from_json(json.dumps({"depth": 3}), declared)
    with pytest.raises(ValueError, match="max_depth must be"):
        Hyperparameters.values_from_json(json.dumps({"max_depth": 0}), declared)
    with pytest.raises(ValueError, match="no JSON object"):
        Hyperparameters.values_from_json("[1]", declared)


TABLE = pd.DataFrame({"a": [1, 2]})


@pytest.mark.parametrize(
    ("one", "other", "are_same", "are_equal"),
    [
        (1, np.int64(1), True, True),
        (0.5, np.float32(0.5), True, True),
        (1, 1.0, False, True),
        (True, np.True_, True, True),
        (True, 1, False, False),
        ("a", np.str_("a"), True, True),
        ((1, 2), (1, 2), True, True),
        ([1], (1,), False, False),
        (np.ones(2), np.ones(2), True, True),
        (np.ones(2), np.zeros(2), False, False),
        (np.ones(2), np.ones(3), False, False),
        (TABLE, TABLE.copy(), True, True),
        (None, "None", False, False),
        (float("nan"), float("nan"), False, False),
    ],
    ids=repr,
)
def test_when_two_values_are_one(one, other, are_same, are_equal):
    assert same(one, other) == same(other, one) == are_same
    assert equal(one, other) == equal(other, one) == are_equal
