"""The table of a search's candidates, and what other tools make of it."""

import csv

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression as Other
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from setpoint import (
    SVC,
    BayesSearchCV,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomForestClassifier,
    RandomizedSearchCV,
    load,
)
from setpoint.tuning.trials import ranking

X, Y = load_iris(return_X_y=True)
GRID = [
    {"kernel": ["rbf"], "gamma": ["scale", 0.1]},
    {"kernel": ["poly"], "degree": [2, 3], "class_weight": [None, {0: 1.0, 1: 2.0}]},
]


@pytest.fixture(scope="module")
def search():
    return GridSearchCV(SVC(), GRID, cv=3).fit(X, Y)


@pytest.fixture(scope="module")
def trials(search):
    return search.trials


def test_rows_are_those_of_cv_results(search, trials):
    results = search.cv_results_
    assert len(trials) == 6
    assert trials.params == results["params"]
    assert trials.scores == results["mean_test_score"].tolist()
    assert trials.metric == "score"
    for row, params in zip(trials, results["params"], strict=True):
        own = {key.removeprefix("param_"): v for key, v in row.items() if key.startswith("param_")}
        assert {key: value for key, value in own.items() if key in params} == params
        assert all(value is None for key, value in own.items() if key not in params)
    assert trials[-1] == list(trials)[-1] == trials[3:][-1]
    with pytest.raises(IndexError):
        trials[6]


def test_printed(trials):
    lines = str(trials).splitlines()
    assert lines[0] == "6 candidates"
    assert lines[1].split()[:3] == ["rank", "score", "std"]
    assert lines[3].split()[0] == "1"
    assert "<table>" in trials._repr_html_()
    assert len(trials.table(2).rows) == 2
    assert trials.table(2).title == "6 candidates, the best 2"


def test_rounds_of_a_halving_are_listed_from_the_last():
    forest = RandomForestClassifier(5, random_state=0)
    grid = {"max_depth": [1, 2, 3, 4], "max_features": [1, 2, 4]}
    search = HalvingGridSearchCV(forest, grid, cv=3, random_state=7).fit(X, Y)
    results = search.cv_results_
    ranks = ranking(results)
    assert next(iter(ranks)) == search.best_index_
    assert [results["iter"][place] for place in ranks] == sorted(results["iter"], reverse=True)
    assert len(ranks) == len(results["params"])
    best = [str(value) for value in search.best_params_.values()]
    assert [*search.trials.table(1).rows[0]][-2:] == best


def test_pandas(trials):
    pytest.importorskip("pandas")
    frame = trials.to_pandas()
    assert len(frame) == 6
    assert frame["mean_test_score"].tolist() == trials.scores
    assert frame["param_class_weight"].iloc[4] == {0: 1.0, 1: 2.0}
    assert frame["param_degree"].isna().sum() == 2


def assert_like_polars(frame):
    polars = pytest.importorskip("polars")
    assert frame.shape[0] == 6
    assert frame["param_kernel"].dtype == polars.String
    assert frame["param_gamma"].to_list() == ["scale", "0.1", None, None, None, None]
    assert frame["param_degree"].to_list() == [None, None, 2, 3, 2, 3]
    assert frame["rank_test_score"].dtype == polars.Int64
    assert frame["mean_test_score"].dtype == polars.Float64


def test_polars_and_parquet(trials, tmp_path):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    assert_like_polars(trials.to_polars())
    trials.to_parquet(tmp_path / "trials.parquet")
    assert_like_polars(polars.read_parquet(tmp_path / "trials.parquet"))


def test_csv(trials, tmp_path):
    trials.to_csv(tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["mean_test_score"]) for row in rows] == trials.scores
    assert [row["param_degree"] for row in rows] == ["", "", "2", "3", "2", "3"]
    assert not list(tmp_path.glob("*.partial"))


def test_several_metrics():
    search = GridSearchCV(
        SVC(), {"C": [0.1, 1.0]}, scoring=["accuracy", "f1_macro"], refit="f1_macro", cv=3
    ).fit(X, Y)
    assert search.trials.metric == "f1_macro"
    assert search.trials.scores == search.cv_results_["mean_test_f1_macro"].tolist()
    assert search.set_params(refit=False).fit(X, Y).trials.metric == "accuracy"


def test_steps_of_a_pipeline(tmp_path):
    """Values that are objects: text in files."""
    pipeline = make_pipeline(StandardScaler(), Other(max_iter=1000))
    grid = {"standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    search.trials.to_csv(tmp_path / "trials.csv")
    text = (tmp_path / "trials.csv").read_text()
    assert "MinMaxScaler()" in text and "passthrough" in text


def test_unfitted():
    with pytest.raises(NotFittedError):
        _ = GridSearchCV(SVC(), {"C": [1.0]}).trials


class TestOptuna:
    """The study has the same trials."""

    @pytest.fixture(autouse=True)
    def optuna(self):
        optuna = pytest.importorskip("optuna")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna

    def test_trials(self, optuna):
        space = {"C": [0.1, 1.0, 10.0], "gamma": ["scale", 0.1], "shrinking": [True, False]}
        search = RandomizedSearchCV(SVC(), space, n_iter=8, cv=3, random_state=0).fit(X, Y)
        study = search.trials.to_optuna(study_name="svc")
        assert study.study_name == "svc"
        assert study.direction == optuna.study.StudyDirection.MAXIMIZE
        assert study.best_value == search.best_score_
        assert study.best_params == search.best_params_
        assert [trial.params for trial in study.trials] == search.cv_results_["params"]
        kinds = {type(d).__name__ for d in study.trials[0].distributions.values()}
        assert kinds == {"FloatDistribution", "CategoricalDistribution"}
        assert study.trials[0].user_attrs["split2_test_score"] == pytest.approx(
            search.cv_results_["split2_test_score"][0]
        )

    def test_conditions_and_values_without_a_form(self, trials):
        study = trials.to_optuna()
        assert [set(trial.params) for trial in study.trials] == [set(p) for p in trials.params]
        assert study.trials[4].params["class_weight"] == "{0: 1.0, 1: 2.0}"

    @pytest.mark.filterwarnings("ignore")
    def test_failures(self, optuna):
        grid = {"max_depth": [1, 2], "min_samples_leaf": [1, 0.9]}
        forest = RandomForestClassifier(3, random_state=0)

        def score(model, X, y):
            return np.nan if model.max_depth == 2 else 1.0

        search = GridSearchCV(forest, grid, cv=3, scoring=score).fit(X, Y)
        states = [trial.state.name for trial in search.trials.to_optuna().trials]
        assert states == ["COMPLETE", "COMPLETE", "FAIL", "FAIL"]

    @pytest.mark.filterwarnings("ignore")
    def test_a_file_that_the_dashboard_opens(self, trials, optuna, tmp_path):
        storage = f"sqlite:///{tmp_path / 'search.db'}"
        trials.to_optuna(study_name="svc", storage=storage)
        again = optuna.load_study(study_name="svc", storage=storage)
        assert [trial.value for trial in again.trials] == trials.scores


@pytest.mark.filterwarnings("ignore")
class TestMlflow:
    """A run for the search, and one for each candidate."""

    @pytest.fixture(autouse=True)
    def mlflow(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        mlflow = pytest.importorskip("mlflow")
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
        yield mlflow
        mlflow.set_tracking_uri(before)

    def test_the_callback(self, mlflow, tmp_path):
        from setpoint.integrations.mlflow import MlflowLogger

        search = GridSearchCV(RandomForestClassifier(3, random_state=0), {"max_depth": [1, 2]})
        search.set_callbacks(MlflowLogger("irises", "depths")).fit(X, Y)
        client = mlflow.tracking.MlflowClient()
        experiment = client.get_experiment_by_name("irises")
        runs = client.search_runs([experiment.experiment_id])
        parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
        assert len(runs) == 3
        assert len(parents) == 1
        parent = parents[0]
        assert parent.info.run_name == "depths"
        assert parent.data.metrics["best_score"] == search.best_score_
        assert parent.data.params == {"max_depth": str(search.best_params_["max_depth"])}
        assert parent.data.tags["sharing"] == search.sharing_
        path = mlflow.artifacts.download_artifacts(
            run_id=parent.info.run_id, artifact_path="model.safetensors", dst_path=str(tmp_path)
        )
        assert (load(path).predict(X) == search.predict(X)).all()
        children = [run for run in runs if run is not parent]
        scores = {run.data.params["max_depth"]: run.data.metrics for run in children}
        for row in search.trials:
            assert scores[str(row["param_max_depth"])]["mean_test_score"] == row["mean_test_score"]

    def test_candidates_are_logged_while_the_search_runs(self, mlflow):
        """With a journal after each pass, else after each batch; what fails later stays logged."""
        from setpoint.integrations.mlflow import MlflowLogger

        client, seen = mlflow.tracking.MlflowClient(), []

        class Watching(MlflowLogger):
            def on_candidate_end(self, search, number, params, results):
                super().on_candidate_end(search, number, params, results)
                parent = mlflow.active_run().info
                runs = client.search_runs([parent.experiment_id])
                assert not hasattr(search, "cv_results_")
                seen.append((number, params, len(runs), parent.run_id))

        tree = DecisionTreeClassifier(random_state=0)
        search = GridSearchCV(tree, {"max_depth": [1, 2, 3]}, cv=3)
        search.set_callbacks(Watching("live")).fit(X, Y)
        assert [(number, params) for number, params, *_ in seen] == [
            (number, {"max_depth": number + 1}) for number in range(3)
        ]
        assert [n_runs for _, _, n_runs, _ in seen] == [2, 3, 4]
        parent = client.get_run(seen[0][3])
        assert parent.info.status == "FINISHED" and mlflow.active_run() is None
        runs = client.search_runs(
            [parent.info.experiment_id], f"tags.\"mlflow.parentRunId\" = '{parent.info.run_id}'"
        )
        for run in runs:
            row = search.trials[int(run.data.params["max_depth"]) - 1]
            metrics = {n: v for n, v in row.items() if not n.startswith("param_")}
            assert run.data.metrics == pytest.approx(metrics) and run.info.status == "FINISHED"
            path = [m.value for m in client.get_metric_history(run.info.run_id, "mean_test_score")]
            assert len(path) == 1

    def test_a_search_that_is_interrupted_has_failed(self, mlflow):
        from setpoint.integrations.mlflow import MlflowLogger

        class Stop(MlflowLogger):
            def on_candidate_end(self, search, number, params, results):
                super().on_candidate_end(search, number, params, results)
                raise KeyboardInterrupt

        logger = Stop("stopped")
        search = BayesSearchCV(RandomForestClassifier(3), {"max_features": [1, 2, 3]}, n_iter=3)
        with pytest.raises(KeyboardInterrupt):
            search.set_callbacks(logger).fit(X, Y)
        experiment = mlflow.get_experiment_by_name("stopped").experiment_id
        runs = mlflow.tracking.MlflowClient().search_runs([experiment])
        (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
        assert len(runs) == 2 and parent.info.status == "FAILED"
        assert mlflow.active_run() is None

    def test_nested_searches_are_nested_runs(self, mlflow):
        from setpoint.integrations.mlflow import MlflowLogger

        grid = {"max_depth": [1, 2]}
        search = GridSearchCV(RandomForestClassifier(3), grid, cv=2, nested_cv=2)
        search.set_callbacks(MlflowLogger("nested", save_model=False)).fit(X, Y)
        experiment = mlflow.get_experiment_by_name("nested").experiment_id
        runs = mlflow.tracking.MlflowClient().search_runs([experiment])
        outer = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
        assert len(outer) == 1 and len(runs) == 1 + 2 + 2 * (1 + 2)

    def test_the_active_run_is_used(self, mlflow):
        from setpoint.integrations.mlflow import MlflowLogger

        search = GridSearchCV(SVC(), {"C": [1.0]}, cv=3).fit(X, Y)
        mlflow.set_experiment("mine")
        with mlflow.start_run() as run:
            assert MlflowLogger(save_model=False).log(search) == run.info.run_id
