"""What each tracker holds, as its own client reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

Numbers = dict[str, list[tuple[int, float]]]  # (step, value) by name, in the order of the store


def tensorboard_numbers(folder: Path) -> Numbers:
    """Scalars, by TensorBoard's accumulator of events."""
    events = tensorboard_events(folder)
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def tensorboard_events(folder: Path):
    from tensorboard.backend.event_processing import event_accumulator as accumulator

    everything = accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
    return accumulator.EventAccumulator(str(folder), everything).Reload()


def mlflow_client(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def mlflow_numbers(client, id_: str) -> Numbers:
    """Metrics, by MLflow's client."""
    return {
        name: [(m.step, m.value) for m in client.get_metric_history(id_, name)]
        for name in client.get_run(id_).data.metrics
    }


def wandb_lines(folder: Path) -> list[dict]:
    """Lines of history of all folders of the run's id, by the records that wandb's core wrote."""
    from vaekit.default_plugins.trackers.wandb_file import history_of

    id_ = json.loads((folder / "wandb.json").read_text())["run"]
    files = sorted(folder.glob(f"wandb/offline-run-*/run-{id_}.wandb"))
    return [line for path in files for line in history_of(path)]


def single_precision(rows: list[dict]) -> list[dict]:
    """Lines of the history as TensorBoard's scalars can hold them."""
    return [{name: float(np.float32(value)) for name, value in row.items()} for row in rows]


def by_epoch(numbers: Numbers) -> list[dict]:
    """Lines as `history.csv` has them; fails where an epoch has a number twice."""
    rows: dict[int, dict] = {}
    for name, points in numbers.items():
        for step, value in points if not name.startswith(("step/", "figures/")) else ():
            row = rows.setdefault(step, {"epoch": step})
            assert name not in row, f"{name} twice at {step}"
            row[name] = value
    return [rows[epoch] for epoch in sorted(rows)]


def wandb_by_epoch(lines: list[dict]) -> list[dict]:
    """Lines as `history.csv` has them; fails where an epoch has a number twice."""
    rows: dict[int, dict] = {}
    for line in lines:
        if "epoch" in line:
            row = rows.setdefault(line["epoch"], {})
            own = {k: v for k, v in line.items() if not k.startswith(("_", "step/"))}
            assert not (row.keys() & own.keys()) - {"epoch"}, line
            row |= own
    return [rows[epoch] for epoch in sorted(rows)]
