"""From logistic regression's hyperparameters to the core's candidate.

Each value by itself was checked against its domain; here are the checks of values against each
other, scikit-learn's deprecations, and what its `solver` and `penalty` come to.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

from setpoint.estimators.base import SweepData
from setpoint.estimators.targets import class_weights

__all__ = ["logistic_candidate"]

_RATIOS = {"l1": 1.0, "l2": 0.0}
_LARGEST = 2**31 - 1  # more steps than anyone waits for


def logistic_candidate(values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
    """Resolve checked hyperparameters for a data set.

    Parameters
    ----------
    values : mapping of str to object
        All hyperparameters, each legal by itself.
    data : SweepData
        The training set.

    Raises
    ------
    ValueError
        If they contradict each other or the data.
    """
    C, l1_ratio = _penalty(values)
    liblinear = values["solver"] == "liblinear"
    if liblinear and data.n_classes[0] > 2:
        raise ValueError(
            "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). "
            "Either use another solver or wrap the estimator in a OneVsRestClassifier to keep "
            "applying a one-versus-rest scheme."
        )
    if liblinear and math.isinf(C):
        raise ValueError(
            "C=np.inf as well as penalty=None is not supported for the liblinear solver. "
            "Any other solver is."
        )
    if values["dual"] and not (liblinear and l1_ratio == 0):
        raise ValueError(
            f"Solver {values['solver']} supports only dual=False, got dual=True. The dual is that "
            "of solver='liblinear' with an L2 penalty."
        )
    return {
        "C": C,
        "l1_ratio": l1_ratio,
        "fit_intercept": values["fit_intercept"],
        "intercept_scaling": float(values["intercept_scaling"]) if liblinear else None,
        "class_weight": class_weights(values["class_weight"], data.classes),
        "tol": values["tol"],
        "max_iter": min(values["max_iter"], _LARGEST),
        "warm_start": values["warm_start"],
    }


def _penalty(values: Mapping[str, Any]) -> tuple[float, float]:
    """C and l1_ratio, after scikit-learn's deprecated `penalty` if it is given."""
    penalty, C, l1_ratio = values["penalty"], values["C"], values["l1_ratio"]
    if penalty == "deprecated":
        if l1_ratio is None:
            _deprecated("l1_ratio=None", "Use l1_ratio=0.")
        return C, l1_ratio or 0.0
    _deprecated(
        f"penalty={penalty!r}",
        "Leave it out: l1_ratio=0 is 'l2', l1_ratio=1 is 'l1', l1_ratio between them is "
        "'elasticnet', and C=np.inf is None.",
    )
    if penalty is None:
        if C != 1.0:
            warnings.warn("C has no effect with penalty=None.", stacklevel=6)
        return math.inf, 0.0
    if penalty == "elasticnet":
        if l1_ratio is None:
            raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
        return C, l1_ratio
    if l1_ratio not in (_RATIOS[penalty], 0.0, None):
        warnings.warn(
            f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}. penalty is "
            "deprecated. Please use l1_ratio only.",
            stacklevel=6,
        )
    return C, _RATIOS[penalty]


def _deprecated(what: str, remedy: str) -> None:
    warnings.warn(
        f"{what} was deprecated in scikit-learn 1.8 and will be removed in 1.10. {remedy}",
        FutureWarning,
        stacklevel=7,
    )
