"""The public names, and what need not be loaded for them."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import setpoint

STUB = Path(setpoint.__file__).with_suffix(".pyi")


def test_stub_and_module_have_the_same_names():
    tree = ast.parse(STUB.read_text("utf-8"))
    imported = {
        f"setpoint.{name.name}": node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    lazy = {f"setpoint.{name}": f"setpoint.{home}" for name, home in setpoint._HOME_OF.items()}
    assert imported == lazy
    (listed,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    assert sorted(ast.literal_eval(listed)) == setpoint.__all__


@pytest.mark.parametrize("name", [*setpoint.__all__, *setpoint._MODULES])
def test_every_name_is_there(name):
    assert getattr(setpoint, name) is getattr(setpoint, name)
    assert name in dir(setpoint)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = setpoint.Nothing


@pytest.mark.parametrize("command", [["--help"], ["--version"]])
def test_help_loads_little(command):
    """Not numpy, not scikit-learn: what takes more than a second to load."""
    code = (
        "import sys, contextlib\n"
        "from setpoint.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({command!r})\n"
        "loaded = {'numpy', 'scipy', 'sklearn', 'pandas'} & sys.modules.keys()\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "setpoint" in done.stdout


def test_the_version_is_that_of_the_package():
    assert setpoint.__version__ == importlib.metadata.version("setpoint")
    assert "__version__" in dir(setpoint)
