"""MLflow: a run of an experiment, told by its client; nothing is logged by itself."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import vaekit

_STEP = "step/"  # before the names of terms by step
_EVERY_EPOCH = "seconds"  # a column that each epoch's line has
_DATABASE = "sqlite:///"
_MOST_METRICS, _MOST_PARAMS, _MOST_TEXT = 1000, 100, 6000  # that MLflow takes at once
_STATUS = {"complete": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class MLflow(vaekit.Tracker):
    """Metrics by epoch under the names that `history.csv` has, those by step under `step/`.

    A resumed run goes on in the same MLflow run, whose id is kept in `mlflow.json` of the folder.
    MLflow can't forget, so that a run which goes back behind what it was told begins a new one.
    """

    requires = ("mlflow",)
    installed_by = "vaekit[mlflow]"

    def __init__(self, uri: str, experiment: str) -> None:
        self._asked = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{_DATABASE}mlflow.db"
        self._experiment = experiment

    def start(self, run: vaekit.TrackedRun) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
        from mlflow import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        kept = run.folder / "mlflow.json"
        self._metrics: list[Any] = []
        self._run, last = "", 0
        uri = _absolute(self._asked)
        if kept.exists():
            earlier = json.loads(kept.read_text(encoding="utf-8"))
            if earlier["asked"] == self._asked:  # a path that isn't absolute may lead elsewhere now
                uri, self._run = earlier["uri"], earlier["run"]
        self._client = MlflowClient(tracking_uri=uri)
        if self._run:
            of_epochs = self._client.get_metric_history(self._run, _EVERY_EPOCH)
            last = max((metric.step for metric in of_epochs), default=0)
        if self._run and last <= run.epoch:
            self._client.update_run(self._run, status="RUNNING")
        else:
            last = 0
            self._run = self._new_run(run)
            about = {"asked": self._asked, "uri": uri, "run": self._run}
            kept.write_text(json.dumps(about) + "\n", encoding="utf-8")
        for row in run.history:
            if row["epoch"] > last:
                self.epoch(int(row["epoch"]), 0, row)

    def step(self, step: int, terms: Mapping[str, float]) -> None:
        self._add({_STEP + name: value for name, value in terms.items()}, step)
        if len(self._metrics) > _MOST_METRICS // 2:
            self._send()

    def epoch(self, epoch: int, step: int, row: Mapping[str, float]) -> None:
        self._add({name: value for name, value in row.items() if name != "epoch"}, epoch)
        self._send()

    def results(self, epoch: int, results: vaekit.RunResults) -> None:
        for folder, paths in (("figures", results.pictures), ("models", results.models)):
            for path in paths:
                self._client.log_artifact(self._run, str(path), folder)
        if results.report is not None:
            self._client.log_artifact(self._run, str(results.report))

    def end(self, status: str) -> None:
        self._send()
        self._client.set_terminated(self._run, _STATUS[status])

    def _new_run(self, run: vaekit.TrackedRun) -> str:
        from mlflow.entities import Param

        client, name = self._client, self._experiment
        experiment = client.get_experiment_by_name(name)
        id_ = experiment.experiment_id if experiment else client.create_experiment(name)
        parts = {f"part.{kind}": name for kind, name in run.parts.items()}
        versions = {f"version.{name}": version for name, version in run.versions.items()}
        tags = {**parts, **versions, "path": str(run.path)}
        new: str = client.create_run(id_, run_name=run.name, tags=tags).info.run_id
        params = [Param(name, str(value)[:_MOST_TEXT]) for name, value in run.options.items()]
        for batch in _batches(params, _MOST_PARAMS):
            client.log_batch(new, params=batch)
        return new

    def _add(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        self._metrics += [Metric(name, value, now, step) for name, value in values.items()]

    def _send(self) -> None:
        metrics, self._metrics = self._metrics, []
        for batch in _batches(metrics, _MOST_METRICS):
            self._client.log_batch(self._run, metrics=batch)


def _batches(values: list[Any], most: int) -> Iterable[list[Any]]:
    return (values[start : start + most] for start in range(0, len(values), most))


def _absolute(uri: str) -> str:
    """A database file by its whole path, so that it is the same from anywhere."""
    path = uri.removeprefix(_DATABASE)
    return f"{_DATABASE}{Path(path).resolve()}" if uri.startswith(_DATABASE) and path else uri


def mlflow(*, uri: str = "", experiment: str = "vaekit") -> vaekit.Tracker:
    """A run of an MLflow experiment.

    Args:
        uri: where it is kept; MLFLOW_TRACKING_URI, or sqlite:///mlflow.db, where it isn't given.
        experiment: its experiment, made if there is none of the name.
    """
    return MLflow(uri, experiment)


mlflow.claims = {"options": {"uri": "sqlite:///mlflow.db"}}  # type: ignore[attr-defined]
