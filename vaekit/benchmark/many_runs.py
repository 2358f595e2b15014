"""Whether the memory of a process stays flat, however many runs are made in it."""

from __future__ import annotations

import gc
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from vaekit.api import finish_training
from vaekit.benchmark.problem import Problem, noise, pinned_preset
from vaekit.benchmark.results import Result, heading, measurement
from vaekit.benchmark.subject import SHAPE
from vaekit.config import PART_FIELDS, TrainConfig
from vaekit.errors import UserError
from vaekit.run import describe_environment
from vaekit.trainer import open_session
from vaekit.trainer.progress import Progress

FEWEST = 20
# Bytes a run. The least that a process holds is known to some MiB, whatever was let go of.
ALLOWED = 2**17

FLAT, GROWING = "flat", "growing"

Row = dict[str, Any]


def run_many(
    config: TrainConfig, *, batch_size: int, runs: int, say: Callable[[Row], None]
) -> Result:
    """Make `runs` runs of one epoch of four batches, with all their pictures and reports.

    `say` hears what the process holds after each, everything of it being let go of.

    Raises a `UserError` for fewer runs than can tell, and for whatever `vaekit train` would refuse.
    """
    if runs < FEWEST:
        raise UserError(
            f"{runs} runs say nothing of what stays: ask for {FEWEST} at least, as --runs 200."
        )
    problem = Problem(4 * batch_size, config.image_size or SHAPE, config.latent_dim, 1)
    config = config.model_copy(
        update={"batch_size": batch_size, "epochs": 1, "preset": pinned_preset(config)}
    )
    held: list[float] = []
    for number in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            _one(config, problem, Path(folder) / "run")
        gc.collect()
        held.append(float(psutil.Process().memory_info().rss))
        if (number + 1) % (runs // 10) == 0:
            say(measurement(f"memory after run {number + 1}", "bytes", held[-1:], better="lower"))
    grown = growth_a_run(held)
    growth = measurement(
        "growth of memory",
        "bytes/run",
        [grown],
        better="lower",
        verdict=FLAT if grown <= ALLOWED else GROWING,
        allowed=ALLOWED,
    )
    say(growth)
    return {
        **heading("many_runs"),
        **describe_environment(),
        "subject": {
            **config.model_dump(mode="json", include=set(PART_FIELDS)),
            "data": "random images",
            "precision": config.precision,
        },
        "settings": {"runs": runs, "batch_size": batch_size},
        "measurements": [measurement("process memory", "bytes", held, better="lower"), growth],
    }


def growth_a_run(held: Sequence[float]) -> float:
    """Bytes a run by which the least grows from the second quarter of the runs to the last.

    The first quarter fills what is kept on purpose; the least is free of what allocators still
    hold by chance.
    """
    quarter = math.ceil(len(held) / 4)
    before, after = held[quarter : 2 * quarter], held[-quarter:]
    return (min(after) - min(before)) / (len(held) - 2 * quarter)


def _one(config: TrainConfig, problem: Problem, out: Path) -> None:
    config = config.model_copy(update={"out": str(out)})
    finish_training(open_session(config, noise(problem).dataset, callbacks=(), progress=Progress()))
