"""`picture`: what the Python blocks above it on the page have drawn last.

The blocks are those that the tests run; here they are run once more, and the axes that the last of
them has left in `ax` become the picture. So no picture can be of another code than the one shown.
"""

import contextlib
import doctest
import io
import re
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import matplotlib
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

matplotlib.use("Agg")

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


class Picture(Directive):
    """`{picture} text`: the last picture drawn, with this text for those who can't see it."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        environment = self.state.document.settings.env
        source = Path(environment.doc2path(environment.docname))
        known = environment.temp_data.setdefault("gallery", {"names": {}, "done": 0, "number": 0})
        above = "\n".join(source.read_text("utf-8").splitlines()[: self.lineno])
        blocks = _BLOCK.findall(above + "\n")
        for block in blocks[known["done"] :]:
            self._run_block(block, known["names"])
        known["done"] = len(blocks)
        known["number"] += 1
        folder = Path(environment.srcdir) / "generated"
        folder.mkdir(exist_ok=True)
        name = f"{environment.docname}-{known['number']}.png"
        figure = known["names"]["ax"].figure
        figure.savefig(folder / name, dpi=150, facecolor="white")
        matplotlib.pyplot.close(figure)
        image = nodes.image(uri=f"generated/{name}", alt=self.arguments[0], width="640px")
        environment.images.add_file(environment.docname, f"generated/{name}")
        image["candidates"] = {"*": f"generated/{name}"}
        return [image]

    def _run_block(self, block: str, names: dict[str, Any]) -> None:
        for example in doctest.DocTestParser().get_examples(block):
            with (
                tempfile.TemporaryDirectory() as folder,
                contextlib.chdir(folder),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                exec(compile(example.source, "<gallery>", "single"), names)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
