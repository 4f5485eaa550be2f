"""The plots, a file each, drawn by matplotlib. What is drawn is computed in ``setpoint.report``."""
