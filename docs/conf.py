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
    "gallery",
    "live",
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
]
exclude_patterns = ["_build", "_extensions", "generated"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"setpoint {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc says the types
numpydoc_show_class_members = False  # the pages list them
