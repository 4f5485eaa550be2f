"""Searches that a test runs in a process of its own, to kill it there."""

import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification

from setpoint import GridSearchCV, RandomForestClassifier
from setpoint.tuning import journal as journals

X, Y = make_classification(60, 4, n_informative=3, n_redundant=1, random_state=0)
FOREST = RandomForestClassifier(5, random_state=0)


class Counted(ClassifierMixin, BaseEstimator):
    """Writes a line to a file for each fit, and answers with one class."""

    def __init__(self, path=None, right=0, seconds=0.0):
        self.path = path
        self.right = right
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        with Path(self.path).open("a") as file:
            file.write(f"{self.right}\n")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[self.right % 2])


def fit_until(search, n_statements):
    """Fit the search; the process is killed at its journal's so manyth SQL statement."""
    left = n_statements

    def count(statement):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    original = journals.sqlite3.connect

    def connect(*args, **kwargs):
        database = original(*args, **kwargs)
        database.set_trace_callback(count)
        return database

    journals.sqlite3.connect = connect
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, Y)


def counted_search(path, journal):
    return GridSearchCV(Counted(path), {"right": [0, 1, 2, 3]}, cv=3, journal=journal)
