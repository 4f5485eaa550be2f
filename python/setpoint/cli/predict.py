"""`setpoint predict`: predictions of a saved model for the rows of a file."""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from typing import Any, TextIO

import numpy as np

from setpoint.cli.common import UsageError, Verbs, add_verb, check_writable, print_json
from setpoint.cli.features import columns_of, matching
from setpoint.cli.scaling import estimator_of
from setpoint.datasets import load
from setpoint.estimators.persistence import load as load_model
from setpoint.files import replacing

_USAGE = "MODEL FILE_OR_NAME [--proba] [--output FILE] [--json]"
_EPILOG = """\
The file needs the columns that the model was fitted on, in any order; others are ignored.
Without --output the predictions go to standard output, one line a row.

examples:
  setpoint predict iris.safetensors iris
  setpoint predict churn.safetensors customers.csv --proba --output churn.csv
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command."""
    parser = add_verb(verbs, __name__, _USAGE, _EPILOG)
    parser.add_argument("model", metavar="MODEL", help="a file written by tune or fit")
    parser.add_argument(
        "data", metavar="FILE_OR_NAME", help="a CSV or Parquet file, - or a bundled set"
    )
    parser.add_argument("--proba", action="store_true", help="also each class's probability")
    parser.add_argument("--output", metavar="FILE", help="write CSV there")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Carry out the verb."""
    if args.json and args.output:
        raise UsageError("--json writes to standard output, --output writes CSV; choose one")
    check_writable(args.output)
    model: Any = load_model(args.model)
    if args.proba and not hasattr(model, "predict_proba"):
        raise UsageError(f"--proba: {_without_probabilities(estimator_of(model))}")
    texts = [name for name, is_text in columns_of(model).items() if is_text]
    X = matching(model, load(args.data, texts))
    with warnings.catch_warnings():
        # Columns were matched by name above, with or without a library of data frames.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        predicted = _predictions(model, X) | (_probabilities(model, X) if args.proba else {})
    if args.json:
        print_json(predicted)
    else:
        _write_csv(predicted, args.output)


def _predictions(model: Any, X: Any) -> dict[str, Any]:
    """The predicted column by its name; one for each output, if there are several."""
    predicted = np.asarray(model.predict(X))
    if predicted.ndim == 1:
        return {"prediction": predicted}
    return {f"prediction_{output}": column for output, column in enumerate(predicted.T)}


def _probabilities(model: Any, X: Any) -> dict[str, Any]:
    """A column for each class, of each output."""
    found = model.predict_proba(X)
    if not isinstance(found, list):
        return _named("probability", model.classes_, found)
    columns: dict[str, Any] = {}
    for output, (classes, part) in enumerate(zip(model.classes_, found, strict=True)):
        columns |= _named(f"probability_{output}", classes, part)
    return columns


def _named(what: str, classes: Any, probabilities: Any) -> dict[str, Any]:
    names = (f"{what}_{label}" for label in classes)
    return dict(zip(names, probabilities.T, strict=True))


def _without_probabilities(model: Any) -> str:
    kind = type(model).__name__
    if not hasattr(model, "classes_"):
        return f"a {kind} predicts numbers, not classes"
    if "probability" in model.hyperparameters:
        return f"this {kind} has no probabilities; fit it with --param probability=sigmoid"
    return f"a {kind} has no probabilities"


def _write_csv(columns: dict[str, Any], path: str | None) -> None:
    if path is None:
        _write_rows(columns, sys.stdout)
    else:
        with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            _write_rows(columns, file)


def _write_rows(columns: dict[str, Any], file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(np.asarray(c).tolist() for c in columns.values()), strict=True))
