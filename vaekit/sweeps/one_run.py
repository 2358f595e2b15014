"""One run of several: trained from its beginning, gone on with, or left as it is."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaekit import api
from vaekit.config import TrainConfig
from vaekit.errors import OptionError
from vaekit.run_directory import RunDirectory, RunRecord
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.trainer import Session


def train_one(
    config: TrainConfig,
    data: Any,
    *,
    progress: bool,
    prepare: Callable[[Session], None] = lambda session: None,
) -> RunRecord:
    """Train the run of `config.out` as far as `config` asks, and give its record.

    One that was begun is gone on with, from its newest checkpoint; one that is complete is left.

    prepare: called with the session before it trains.

    Raises as `vaekit.train` and `vaekit.resume` do.
    """
    directory = RunDirectory(config.out or "")
    if directory.record.exists():
        record = directory.read_record()
        asks_more = "epochs" in config.model_fields_set and (
            config.most_epochs > record.config.most_epochs
        )
        if record.status == "complete" and not asks_more:
            return record
    session = api.prepare_training(config, data, progress=progress, resume=True)
    prepare(session)
    record = api.finish_training(session).record
    del session
    gc.collect()  # a model is full of circles, and the next one is about to be built
    return record


def refuse_workers(config: TrainConfig, where: str) -> None:
    """Raise `OptionError` for runs that other processes are to train."""
    if api.to_be_launched(config.workers_asked):
        raise OptionError(
            f"{where}: {option_text('workers', config.workers)} starts processes for one run, and "
            "these are several, which this process trains one after the other. Leave it out."
        )


def begun_without_record(path: Path) -> bool:
    """Whether a run directory holds files but no record: what a kill can leave of a removal."""
    return path.is_dir() and any(path.iterdir()) and not RunDirectory(path).record.exists()
