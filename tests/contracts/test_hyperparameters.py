"""Every hyperparameter of every family does something, refuses what is not legal, and is shown."""

import inspect
import re
from itertools import combinations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from contracts.cases import (
    DATA,
    ESTIMATORS,
    continuous,
    every_estimator,
    fitted,
    legal_values,
    predictions,
)
from setpoint.hyperparameters import Choice, Flag


def each(wanted):
    """Parametrize over the declared hyperparameters of every family for which `wanted` is true."""
    chosen = [
        pytest.param(kind, item, id=f"{kind}-{item.name}")
        for kind in ESTIMATORS
        for item in kind.declared.values()
        if wanted(item)
    ]
    return pytest.mark.parametrize(("kind", "item"), chosen)


def _binary(task):
    X, y = continuous(task, seed=2)
    return X, (y > 0 if task == "classification" else y)


EFFECT_DATA = (*DATA.values(), _binary)


def _contexts(kind, item):
    """Nothing else set, one or two flags turned over, a name chosen: some need another to act."""
    flags = {
        name: not other.default
        for name, other in kind.declared.items()
        if isinstance(other.domain, Flag) and other.cost != "none" and name != item.name
    }
    for count in range(3):
        for names in combinations(flags, count):
            yield {name: flags[name] for name in names}
    for name, other in kind.declared.items():
        if name != item.name and other.cost != "none":
            choices = [part.names for part in other.domain.parts if isinstance(part, Choice)]
            yield from ({name: choice} for names in choices for choice in names)


def _predictions(kind, data, params):
    """Predictions on the training rows and on others; None if the combination is refused."""
    X, y = kind.problem(data)
    try:
        model = fitted(kind.cls(**(kind.effective | kind.seed | params)), X, y)
        return predictions(model, np.vstack([X, X + 0.25]))
    except ValueError:
        return None


def _has_effect(kind, item):
    for context in _contexts(kind, item):
        for data in EFFECT_DATA:
            plain = _predictions(kind, data, context | {item.name: item.default})
            if plain is None:
                continue
            for value in legal_values(item):
                changed = _predictions(kind, data, context | {item.name: value})
                if changed is not None and not np.array_equal(changed, plain):
                    return True
    return False


@each(lambda item: item.cost != "none")
def test_has_an_effect(kind, item):
    assert _has_effect(kind, item), f"no value of {item.name} changes any prediction"


def _with_and_without(kind, item, value, data):
    """Predictions with this value and with the default, in the first context that takes both."""
    for context in _contexts(kind, item):
        params = kind.precise | context
        both = [_predictions(kind, data, params | {item.name: v}) for v in (value, item.default)]
        if not any(found is None for found in both):
            return [both]
    return []


@each(lambda item: item.cost == "none")
def test_a_switch_changes_no_prediction(kind, item, capsys):
    values = [value for value in legal_values(item) if not callable(value)]
    pairs = [
        pair
        for data in EFFECT_DATA
        for value in values
        for pair in _with_and_without(kind, item, value, data)
    ]
    assert pairs, f"no value of {item.name} but the default is taken"
    for changed, plain in pairs:
        kind.assert_agree(changed, plain)


@each(lambda item: True)
def test_illegal_values_are_refused(kind, item):
    X, y = DATA["continuous"](kind.task)
    assert item.illegal()
    for value in item.illegal():
        model = kind.small(**{item.name: value})
        with pytest.raises((ValueError, TypeError), match=item.name) as caught:
            model.fit(X, y)
        assert str(item.domain) in str(caught.value), "the message says what is allowed"
        with pytest.raises(NotFittedError):
            model.predict(X)


@each(lambda item: True)
def test_values_survive_as_given(kind, item):
    """The constructor stores, and neither checks nor changes: scikit-learn's clone needs that."""
    for value in (*legal_values(item), *item.illegal()):
        model = kind.cls(**{item.name: value})
        assert model.get_params()[item.name] is value


@every_estimator
def test_signature_is_the_declarations(kind):
    parameters = inspect.signature(kind.cls).parameters
    assert set(parameters) == set(kind.declared)
    for name, item in kind.declared.items():
        assert parameters[name].default is item.default
    assert set(kind.cls().get_params()) == set(kind.declared)


@every_estimator
def test_unknown_hyperparameter(kind):
    with pytest.raises(TypeError, match="no_such_thing"):
        kind.cls(no_such_thing=1)
    with pytest.raises(ValueError, match="no_such_thing"):
        kind.cls().set_params(no_such_thing=1)


@every_estimator
def test_tables(kind):
    """What was set and what was learned print as tables, in a notebook too."""
    X, y = DATA["continuous"](kind.task)
    model = fitted(kind.small(), X, y)
    for name in kind.declared:
        assert re.search(rf"\b{name}\b", str(model.hyperparameters))
        assert name in model.hyperparameters._repr_html_()
    learned = model.parameters_
    for name, array in learned.items():
        assert name in str(learned)
        assert name in learned._repr_html_()
        assert not array.flags.writeable
    assert learned.total == sum(array.size for array in learned.values()) > 0


@every_estimator
def test_documented(kind):
    """The docstring tells each hyperparameter's domain and meaning."""
    text = " ".join(inspect.getdoc(kind.cls).split())
    for item in kind.declared.values():
        assert f"{item.name} : {item.domain}" in text
        assert " ".join(item.meaning.split()) in text
