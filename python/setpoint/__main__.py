"""`python -m setpoint` is the command `setpoint`."""

import sys

from setpoint.cli import main

sys.exit(main())
