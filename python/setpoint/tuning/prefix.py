"""What stands before the final step: which candidates share it, and what it hands on.

A candidate of a pipeline is its prefix (everything before the last step) and the hyperparameters of
the last step. Candidates with an equal prefix see the same numbers, so the prefix is fitted once a
fold for all of them. A bare estimator is a pipeline without a prefix. Nothing is swept here.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

from setpoint.tuning import scikit
from setpoint.tuning.one_of import OneOf
from setpoint.tuning.search import Candidate


@dataclass
class Final:
    """A final estimator that sweeps, and its hyperparameters for each candidate, by number."""

    estimator: Any
    members: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Prefix:
    """What stands before the final step, and the final estimators behind it.

    `pipeline` is a pipeline with a `Recorder` for its last step, or None for a bare estimator.
    """

    pipeline: Pipeline | None
    finals: list[Final]

    @property
    def is_empty(self) -> bool:
        """Whether the final step sees X as it is."""
        steps = [] if self.pipeline is None else self.pipeline.steps[:-1]
        return all(step is None or step == "passthrough" for _, step in steps)


def prefixes(estimator: Any, candidates: Mapping[int, Candidate]) -> list[Prefix]:
    """Sort the candidates that may share a sweep by what stands before the final step.

    Candidates come by their numbers. Those that restructure the pipeline itself (`steps`) or end in
    an estimator of somebody else are left out.
    """
    if type(estimator) is OneOf:
        return [prefix for part in _models(estimator, candidates) for prefix in prefixes(*part)]
    if type(estimator) is Pipeline:
        found = _prefixes(estimator, candidates)
    elif sweeps(estimator):
        members = {number: dict(params) for number, params in candidates.items()}
        found = [Prefix(None, [Final(estimator, members)])]
    else:
        return []
    for prefix in found:
        prefix.finals = [part for final in prefix.finals for part in _by_data(final)]
    return found


def _models(
    choice: OneOf, candidates: Mapping[int, Candidate]
) -> Iterator[tuple[Any, dict[int, Candidate]]]:
    """Each model of several, and those of the candidates that are candidates of it."""
    for name, model in choice.models:
        own: dict[int, Candidate] = {}
        for number, params in candidates.items():
            replaced = {"models", *choice.names} & params.keys()
            chosen = params.get("model", choice.model) or choice.names[0]
            if chosen == name and not replaced:
                start = f"{name}__"
                own[number] = {
                    key.removeprefix(start): value
                    for key, value in params.items()
                    if key.startswith(start)
                }
        if own:
            yield model, own


def sweeps(estimator: Any) -> bool:
    """Whether the estimator has a sweep, and no subclass put its own fit or predictions over it."""
    for cls in type(estimator).__mro__:
        if cls.__module__.partition(".")[0] == __package__.partition(".")[0]:
            return hasattr(cls, "_sweep_candidate")
        if not vars(cls).keys().isdisjoint(("fit", "predict", "predict_proba")):
            return False
    return False


def _prefixes(pipeline: Pipeline, candidates: Mapping[int, Candidate]) -> list[Prefix]:
    found: dict[Hashable, Prefix] = {}
    finals: dict[Hashable, Final] = {}
    last, default = pipeline.steps[-1]
    for number, candidate in candidates.items():
        params = dict(candidate)
        final = params.pop(last, default)
        own = {name: params.pop(name) for name in list(params) if name.startswith(f"{last}__")}
        if "steps" in params or not sweeps(final):
            continue
        # Routing may send another final estimator other metadata: then it has a prefix of its own.
        key = (key_of(params), id(final) if scikit.routing_enabled() else None)
        if key not in found:
            found[key] = Prefix(_recording(pipeline, params, final), [])
        if (key, id(final)) not in finals:
            finals[key, id(final)] = Final(clone(final))
            found[key].finals.append(finals[key, id(final)])
        short = {name.removeprefix(f"{last}__"): value for name, value in own.items()}
        finals[key, id(final)].members[number] = short
    return list(found.values())


def _by_data(final: Final) -> Iterable[Final]:
    """Part the candidates that read the data in different ways: each part has its own estimator."""
    parts: dict[Hashable, Final] = {}
    for number, params in final.members.items():
        shape = {name: params[name] for name in params if name in final.estimator._shapes_data}
        key = key_of(shape)
        if key not in parts:
            parts[key] = Final(clone(final.estimator).set_params(**shape))
        parts[key].members[number] = params
    return parts.values()


def _recording(pipeline: Pipeline, params: Mapping[str, Any], final: Any) -> Pipeline:
    last = pipeline.steps[-1][0]
    recorder = {last: Recorder(clone(final))}
    # The values are cloned as well: some may be estimators, which would be fitted here.
    return clone(pipeline).set_params(**clone(dict(params), safe=False), **recorder)


def key_of(params: Mapping[str, Any]) -> Hashable:
    """A key that is equal for equal hyperparameters, as far as that can be seen."""
    return tuple((name, _value_key(params[name])) for name in sorted(params))


def _value_key(value: Any) -> Hashable:
    # 1, 1.0 and True are equal keys, and not the same hyperparameter to everybody. What is not
    # plain is known by its identity: a grid holds one object for all the candidates that share it.
    if isinstance(value, tuple | list):
        return type(value), tuple(map(_value_key, value))
    if isinstance(value, dict):
        return type(value), tuple((_value_key(key), _value_key(value[key])) for key in value)
    plain = value is None or isinstance(value, (str, int, float))
    return (type(value), value) if plain else id(value)


class Recorder(BaseEstimator):
    """Stands in for the final step and keeps what a pipeline hands to it.

    So scikit-learn's pipeline does the fitting of the prefix, the caching and the routing.
    """

    def __init__(self, final: Any) -> None:
        self.final = final

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Keep the training rows and the metadata."""
        self.seen_ = X, fit_params
        return self

    def predict(self, X: Any) -> Any:
        """Give back the transformed rows."""
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "seen_")

    def get_metadata_routing(self) -> MetadataRequest:
        """Request what the final step requests."""
        return get_routing_for_object(self.final)


def stack(a: Any, b: Any) -> Any:
    """One table of the rows of `a` and then of `b`; None if they are of different makes."""
    if type(a) is not type(b) or _columns(a) != _columns(b):
        return None
    if scipy.sparse.issparse(a):
        return scipy.sparse.vstack([a, b], format="csr")
    if isinstance(a, np.ndarray):
        return np.concatenate([a, b])
    if hasattr(a, "vstack"):
        return a.vstack(b)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(a, pandas.DataFrame):
        return pandas.concat([a, b], ignore_index=True)
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two tables hold the same values."""
    if type(a) is not type(b) or np.shape(a) != np.shape(b) or _columns(a) != _columns(b):
        return False
    if scipy.sparse.issparse(a):
        return bool((a != b).nnz == 0)
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    return bool(a.equals(b))


def _columns(table: Any) -> Any:
    # Two frames whose columns differ in name or dtype (other categories, say) cannot be one.
    if hasattr(table, "columns"):
        return list(table.columns), list(table.dtypes)
    return getattr(table, "dtype", None), np.shape(table)[1:]
