"""Every private name of scikit-learn that the searches use, in one place.

The searches are scikit-learn searches: its validation, routing, scoring and result tables are used,
not written again. When a release of scikit-learn moves one of these names, this file changes and
nothing else does. Nothing is defined here.
"""

from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.metrics._scorer import _BaseScorer as BaseScorer
from sklearn.metrics._scorer import _MultimetricScorer as MultimetricScorer
from sklearn.metrics._scorer import _PassthroughScorer as PassthroughScorer
from sklearn.metrics._scorer import _Scorer as Scorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._search_successive_halving import (
    BaseSuccessiveHalving,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)
from sklearn.model_selection._validation import _fit_and_score as fit_and_score
from sklearn.model_selection._validation import _insert_error_scores as insert_error_scores
from sklearn.model_selection._validation import _score as score
from sklearn.model_selection._validation import (
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import _routing_enabled as routing_enabled
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_method_params as check_method_params

__all__ = [
    "BaseScorer",
    "BaseSearchCV",
    "BaseSuccessiveHalving",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "HasMethods",
    "Interval",
    "MultimetricScorer",
    "PassthroughScorer",
    "Scorer",
    "StrOptions",
    "check_method_params",
    "clone_parametrized",
    "fit_and_score",
    "fit_context",
    "insert_error_scores",
    "routing_enabled",
    "safe_indexing",
    "safe_split",
    "score",
    "warn_or_raise_about_fit_failures",
]
