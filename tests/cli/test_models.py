"""`setpoint models`: everything that is declared is listed."""

import json

from setpoint.families import FAMILIES


def test_models_lists_every_declaration(run) -> None:
    code, out, _ = run("models")
    assert code == 0
    described = json.loads(run("models", "--json")[1])
    assert [model["model"] for model in described] == list(FAMILIES)
    for name, family in FAMILIES.items():
        for estimator in family.estimators.values():
            assert estimator.__name__ in out
            for declaration in estimator.declarations().values():
                assert declaration.name in out
        assert json.loads(run("models", name, "--json")[1])[0]["model"] == name
