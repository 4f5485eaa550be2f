"""What a search looks through: hyperparameters, their values, conditions and constraints.

``dimension``: one hyperparameter, from its domain. ``space``: several, and points of them.
``drawing``: points at random. ``default``: the space that an estimator's declarations describe.
"""

from setpoint.tuning.space.default import default_space, space_of
from setpoint.tuning.space.dimension import Column, Dimension
from setpoint.tuning.space.drawing import SAMPLINGS, Sampling, draw
from setpoint.tuning.space.space import Params, Point, Space

__all__ = [
    "SAMPLINGS",
    "Column",
    "Dimension",
    "Params",
    "Point",
    "Sampling",
    "Space",
    "default_space",
    "draw",
    "space_of",
]
