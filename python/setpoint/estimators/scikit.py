"""scikit-learn's base classes, typed by the stub beside this file.

scikit-learn ships no types, and a class with an untyped base is untyped: a checker would let any
keyword into a constructor.
"""

from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MultiOutputMixin,
    OutlierMixin,
    RegressorMixin,
)

__all__ = ["BaseEstimator", "ClassifierMixin", "MultiOutputMixin", "OutlierMixin", "RegressorMixin"]
