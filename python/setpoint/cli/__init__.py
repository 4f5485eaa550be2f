"""The command `setpoint`: a file a verb, and here what they share: the parser, errors, exit codes.

Data goes to standard output; notes, warnings, progress and errors go to standard error. Exit codes:
0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 the reader of our output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module, metadata

from setpoint.cli.common import VERBS, UsageError, describe, say

_EPILOG = """\
examples:
  setpoint tune digits --model forest --search grid
  setpoint tune customers.csv --target churned --param max_depth=4,8,None --save churn.safetensors
  setpoint predict churn.safetensors new-customers.csv --proba --output churn.csv
  setpoint models forest
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = parser(argv).parse_args(argv)
    try:
        with warnings.catch_warnings():
            # What warns of our use of other packages is for our tests, not for users.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _WarningPrinter()
            args.run(args)
        sys.stdout.flush()
    except UsageError as error:
        args.parser.error(str(error))
    except KeyboardInterrupt:
        say("interrupted", kind="error")
        return 130
    except BrokenPipeError:
        # What is left in the buffer has no reader; Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, MemoryError) as error:
        text = str(error) or "out of memory"
        say(_ends(text) if "Traceback" in text else text, kind="error")
        return 1
    return 0


def parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser of the command and its verbs; those that are not called stay unloaded."""
    command = argparse.ArgumentParser(
        prog="setpoint",
        description="Train models and tune their hyperparameters.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"setpoint {metadata.version('setpoint')}"
    command.add_argument("--version", action="version", version=version)
    verbs = command.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name in VERBS:
        if name in argv:
            import_module(f"setpoint.cli.{name}").add_to(verbs)
        else:
            verbs.add_parser(name, help=describe(name))
    return command


def _ends(text: str) -> str:
    """The first and the last line of what holds a traceback: what happened, and why."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else f"{lines[0].rstrip()} {lines[-1].strip()}"


class _WarningPrinter:
    """Says each warning once, and of a warning that holds a traceback only the two ends."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, message: Warning | str, *where: object, **more: object) -> None:
        text = _ends(str(message))
        if text not in self.said:
            self.said.add(text)
            say(text, kind="warning")
