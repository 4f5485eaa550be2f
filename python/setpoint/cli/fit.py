"""`setpoint fit`: fit one model with given hyperparameters and save it."""

from __future__ import annotations

import argparse
import time

from setpoint.cli.common import (
    UsageError,
    Verbs,
    add_training_arguments,
    add_verb,
    check_writable,
    print_json,
    say,
)
from setpoint.cli.features import learn_names, matrix
from setpoint.cli.problem import read_problem
from setpoint.cli.scaling import behind_scaler, note, standardises
from setpoint.cli.values import estimator_class, make_estimator, parse_params, show_all
from setpoint.estimators.persistence import save

_USAGE = "FILE_OR_NAME [--target COLUMN] [--param NAME=VALUE] --save FILE [options]"
_EPILOG = """\
examples:
  setpoint fit iris --param n_estimators=200 --save iris.safetensors
  setpoint fit houses.csv --target price --param max_features=0.4 --save houses.safetensors
"""


def add_to(verbs: Verbs) -> None:
    """Add the verb to the command."""
    parser = add_verb(verbs, __name__, _USAGE, _EPILOG)
    add_training_arguments(parser)
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a hyperparameter; repeatable (default: the model's own values)",
    )
    parser.add_argument(
        "--save", metavar="FILE", required=True, help="where to write the model (.safetensors)"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Carry out the verb."""
    check_writable(args.save)
    problem = read_problem(args)
    if "," in args.model:
        raise UsageError(f"--model {args.model}: fit takes one; `setpoint tune` compares several")
    estimator = estimator_class(args.model, problem.task)
    params = {}
    for name, values in parse_params(args.param, estimator).items():
        if len(values) != 1:
            raise UsageError(f"--param {name}: fit takes one value; `setpoint tune` tries several")
        params[name] = values[0]
    X, extra = matrix(problem.features)
    say(f"{problem.name}: {problem.shape}, {problem.task} of {problem.target!r}")
    model = make_estimator(estimator, args.seed, args.jobs, problem.features, extra)
    model.set_params(**params)
    whole = behind_scaler(model) if standardises(args.model, args) else model
    start = time.perf_counter()
    whole.fit(X, problem.y)
    seconds = time.perf_counter() - start
    learn_names(whole, problem.features)
    save(whole, args.save)
    n_parameters = model.parameters_.total
    if args.json:
        print_json(
            {
                "data": problem.name,
                "rows": problem.features.n_rows,
                "columns": len(problem.features.columns),
                "target": problem.target,
                "task": problem.task,
                "estimator": type(model).__name__,
                "standardised": standardises(args.model, args),
                "hyperparameters": dict(model.hyperparameters),
                "n_parameters": n_parameters,
                "seconds": seconds,
                "saved": args.save,
            }
        )
        return
    given = show_all(params) or "all at their defaults"
    print(f"{type(model).__name__} fitted in {seconds:.2f} s: {n_parameters:,} learned parameters")
    print(f"hyperparameters: {given}")
    if standardises(args.model, args):
        print(note())
    print(f"saved: {args.save}")
