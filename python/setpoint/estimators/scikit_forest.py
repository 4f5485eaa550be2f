"""A forest as scikit-learn's, for libraries that look at an estimator's class."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier

from setpoint.estimators.tree import unfitted_tree

__all__ = ["scikit_forest"]

_KINDS = {
    ("best", True): "RandomForestClassifier",
    ("best", False): "RandomForestRegressor",
    ("random", True): "ExtraTreesClassifier",
    ("random", False): "ExtraTreesRegressor",
}
_COPIED = ("classes_", "n_classes_", "n_features_in_", "feature_names_in_", "n_outputs_")


def scikit_forest(model: Any, splitter: str) -> Any:
    """Make scikit-learn's forest of the same trees; see `Forest.to_sklearn`.

    Parameters
    ----------
    model : forest
        Fitted.
    splitter : {"best", "random"}
        How its splits were found.
    """
    from sklearn import ensemble  # takes long to import, and is seldom wanted

    kind = getattr(ensemble, _KINDS[splitter, is_classifier(model)])
    trees = list(model.estimators_)
    settings = model.get_params(deep=False)
    forest = kind(**{name: settings[name] for name in kind().get_params() if name in settings})
    forest.estimator_ = unfitted_tree(splitter, is_classifier(model), settings)
    forest.estimators_ = trees
    fitted = vars(model)
    for name in _COPIED:
        if name in fitted:
            setattr(forest, name, fitted[name])
    return forest
