"""`OneOf`: several models as one estimator, so that one search answers "which model for my data?".

Which model it is, is a hyperparameter like any other; a sweep sees through to the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import _BaseComposition, available_if
from sklearn.utils.validation import check_is_fitted

__all__ = ["OneOf", "by_model"]


def _has(method: str) -> Any:
    def check(self: OneOf) -> bool:
        getattr(getattr(self, "model_", None) or self._chosen(), method)
        return True

    return check


class OneOf(MetaEstimatorMixin, _BaseComposition):
    """One of several models; which one is a hyperparameter.

    A search over it compares models, each with hyperparameters of its own. Its space is a dict with
    a space for each model, or for searches that draw None: the ranges that the models declare. The
    ``best_estimator_`` of such a search is the model itself.

    Parameters
    ----------
    models : list of (str, estimator)
        The models with their names; a pipeline is a model.
    model : str, default=None
        The name of the one that is meant; None: the first.

    Attributes
    ----------
    model_ : estimator
        The fitted model.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from setpoint import SVC, GridSearchCV, OneOf, RandomForestClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> models = OneOf(
    ...     [
    ...         ("forest", RandomForestClassifier(random_state=0)),
    ...         ("svm", make_pipeline(StandardScaler(), SVC())),
    ...     ]
    ... )
    >>> space = {"forest": {"max_depth": [2, 4, 8]}, "svm": {"svc__C": [0.1, 1.0, 10.0]}}
    >>> search = GridSearchCV(models, space).fit(X, y)
    >>> search.best_params_
    {'model': 'svm', 'svm__svc__C': 1.0}
    """

    def __init__(self, models: Sequence[tuple[str, Any]], model: str | None = None) -> None:
        self.models = models
        self.model = model

    @property
    def names(self) -> list[str]:
        """The names of the models."""
        return [name for name, _ in self.models]

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Fit the model that is meant.

        Parameters
        ----------
        X, y : array-like
            As the model takes them.
        **fit_params : dict
            Passed on to it.

        Returns
        -------
        self
        """
        self._validate_names(self.names)
        self.model_ = clone(self._chosen()).fit(X, y, **fit_params)
        return self

    def score(self, X: Any, y: Any = None, **params: Any) -> Any:
        """The model's own score of these rows."""
        return self._fitted().score(X, y, **params)

    @available_if(_has("predict"))
    def predict(self, X: Any) -> Any:
        """The model's predictions."""
        return self._fitted().predict(X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """The model's probabilities of the classes."""
        return self._fitted().predict_proba(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """The model's decision values."""
        return self._fitted().decision_function(X)

    @property
    def classes_(self) -> Any:
        """The model's classes."""
        return self._fitted().classes_

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Own hyperparameters, and with `deep` those of the models as ``name__hyperparameter``."""
        params: dict[str, Any] = self._get_params("models", deep=deep)
        return params

    def set_params(self, **params: Any) -> Self:
        """Set some of what `get_params` gives."""
        self._set_params("models", **params)
        return self

    def _chosen(self) -> Any:
        name = self.names[0] if self.model is None else self.model
        if name not in self.names:
            raise ValueError(f"model={name!r} is none of the models: {self.names}")
        return dict(self.models)[name]

    def _fitted(self) -> Any:
        check_is_fitted(self)
        return self.model_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        of_first = get_tags(self.models[0][1])
        tags.estimator_type = of_first.estimator_type
        tags.classifier_tags = of_first.classifier_tags
        tags.regressor_tags = of_first.regressor_tags
        tags.target_tags = of_first.target_tags
        parts = [get_tags(model).input_tags for _, model in self.models]
        tags.input_tags.sparse = all(part.sparse for part in parts)
        tags.input_tags.allow_nan = all(part.allow_nan for part in parts)
        return tags


def by_model(estimator: Any, space: Any) -> Any:
    """A space for each model as a list of spaces; anything else as it is.

    Parameters
    ----------
    estimator : object
        What is searched.
    space : object
        For a `OneOf` a dict from names of models to dicts of values or ranges.

    Raises
    ------
    ValueError
        If it names what is no model.
    """
    if not isinstance(estimator, OneOf) or not isinstance(space, Mapping):
        return space
    for name in space:
        if name.partition("__")[0] not in ("model", *estimator.names):
            raise ValueError(
                f"the space of a OneOf is a dict with a space for each of its models, "
                f"{', '.join(estimator.names)}; {name!r} is none of them"
            )
    if not all(name in estimator.names and isinstance(space[name], Mapping) for name in space):
        return space
    return [
        {"model": [name], **{f"{name}__{own}": values for own, values in part.items()}}
        for name, part in space.items()
    ]
