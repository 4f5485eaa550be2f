"""Two directives that are made from the package itself, so that the docs can't drift from it.

`hyperparameters` is the table of a family's declarations; `output` runs `setpoint` with the given
arguments and shows what it prints. The methods that scikit-learn makes for metadata routing are
left out of the reference: their text refers to pages of scikit-learn.
"""

import subprocess
import sys
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

import setpoint


class HyperparameterTable(Directive):
    """Table of an estimator's hyperparameters; `:beside:` is one whose equal rows to omit."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"beside": str}

    def run(self) -> list[nodes.Node]:
        rows = [("name", "legal values", "default", "cost", "meaning")]
        beside = self.options.get("beside")
        known = getattr(setpoint, beside).declarations() if beside else {}
        for item in getattr(setpoint, self.arguments[0]).declarations().values():
            if known.get(item.name) == item:
                continue
            default = f"{item.default!r}"
            rows.append((f"`{item.name}`", str(item.domain), default, item.cost, item.meaning))
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        lines.insert(1, "|" + "---|" * len(rows[0]))
        node = nodes.container()
        self.state.nested_parse(StringList(lines, "live"), self.content_offset, node)
        return node.children


class Output(Directive):
    """What `setpoint ARGUMENTS` prints."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        arguments = self.arguments[0].split()
        command = [sys.executable, "-m", "setpoint", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise self.error(f"setpoint {self.arguments[0]}: {done.stderr}")
        text = f"$ setpoint {self.arguments[0]}\n{done.stdout}"
        return [nodes.literal_block(text, text, language="text")]


def skip_scikit(
    app: Sphinx, what: str, name: str, item: object, skip: bool, options: object
) -> bool | None:
    return True if name == "get_metadata_routing" or name.endswith("_request") else None


def trim(app: Sphinx, page: nodes.document) -> None:
    """Leave out the blank line that ends an example: doctest wants it, readers do not."""
    for block in page.findall(nodes.literal_block):
        block.rawsource = block.astext().rstrip("\n")  # equal to the text: or it is not coloured
        block[:] = [nodes.Text(block.rawsource)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("hyperparameters", HyperparameterTable)
    app.add_directive("output", Output)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-skip-member", skip_scikit)
    app.connect("doctree-read", trim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
