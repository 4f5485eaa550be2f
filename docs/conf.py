"""Settings of the docs: `sphinx-build -W docs docs/_build/html`."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "setpoint"
author = "The setpoint contributors"
project_copyright = author
release = version = metadata.version("setpoint")

extensions = [
    "live",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_extensions"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"setpoint {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc says the types
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Hyperparameters", "params_style"), ("Free", "Notes")]
