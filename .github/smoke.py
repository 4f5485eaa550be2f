"""A wheel works: every family trains, is tuned, is saved, and is loaded in another process."""

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

import setpoint
from setpoint.families import FAMILIES

X, y = load_iris(return_X_y=True)
LOAD = "import sys, setpoint; print(setpoint.load(sys.argv[1]).predict([[5.0, 3.0, 1.5, 0.2]])[0])"

warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder) / "model.safetensors")
    for family in FAMILIES.values():
        for task, kind in family.estimators.items():
            model = kind()
            grid = {"n_jobs": [None]} if "n_jobs" in model.get_params() else {"tol": [1e-3]}
            target = y if task == "classification" else X[:, 0] + X[:, 2]
            search = setpoint.GridSearchCV(model, grid, cv=3).fit(X, target)
            search.best_estimator_.save(path)
            done = subprocess.run(
                [sys.executable, "-c", LOAD, path], capture_output=True, text=True, check=True
            )
            here = search.predict(np.array([[5.0, 3.0, 1.5, 0.2]]))[0]
            assert np.isclose(float(done.stdout), float(here)), (kind, done.stdout, here)
            print(f"{kind.__name__}: {search.best_score_:.2f}")
command = [sys.executable, "-m", "setpoint", "tune", "digits", "--model", "forest"]
subprocess.run([*command, "--param", "n_estimators=10,20"], check=True)
print(f"{sys.implementation.name} {sys.version.split()[0]}: all families work")
