"""What every test shares: the hypothesis profiles. No fixtures of one test module live here.

The profile "ci" is the default and draws the same examples on every run. The profile "deep" draws
new ones and many more of them: `SETPOINT_TESTS=deep pytest`.
"""

import os

from hypothesis import HealthCheck, settings

_slow_is_fine = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=25, suppress_health_check=_slow_is_fine
)
settings.register_profile(
    "deep", deadline=None, max_examples=1000, suppress_health_check=_slow_is_fine
)
settings.load_profile(os.environ.get("SETPOINT_TESTS", "ci"))
