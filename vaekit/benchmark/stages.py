"""What a run costs, stage by stage: from its images' file to its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vaekit.api import finish_training
from vaekit.benchmark.counting import count_work
from vaekit.benchmark.limits import training_flop
from vaekit.benchmark.problem import Problem, noise
from vaekit.benchmark.timing import clocked
from vaekit.checkpoint import Position, State, save_checkpoint, snapshot
from vaekit.config import TrainConfig
from vaekit.data import load_data
from vaekit.engine import Evaluation
from vaekit.figures import draw_figures
from vaekit.report import write_first_report
from vaekit.run import read_run, save_artifacts
from vaekit.trainer import Session, open_session
from vaekit.trainer.progress import Progress

_AT_LEAST = 0.5  # seconds that each stage is repeated for
_CLOCK = 1e-3  # seconds of an epoch, which its history rounds to


class Cost(NamedTuple):
    """Seconds of a stage, once or several times, and the work that it did in them.

    The unit of work is the stage's own; only its growth means anything.
    """

    seconds: list[float]
    work: float


def measure_stages(
    problem: Problem, config: TrainConfig, folder: Path, *, runs: int
) -> dict[str, Cost]:
    """The cost of each stage of a run of this size, by the stage's name, compiling apart.

    folder: an empty one, for files and the run.
    runs: how many times each stage is done that can be done again.
    """
    file, images_folder = folder / "images.npz", folder / "images"
    images = noise(problem)
    images.write_file(file)
    images.write_folder(images_folder)
    config = config.model_copy(
        update={
            "data": str(file),
            "image_size": problem.image_size,
            "latent_dim": problem.latents,
            "epochs": problem.epochs,
            "out": str(folder / "run"),
        }
    )
    clock = _Clock()
    session = open_session(config, None, callbacks=(), progress=clock)
    run = finish_training(session)
    vae, held_out = session.program.vae, session.validation
    validate = Evaluation(session.program, held_out)
    stages: Mapping[str, Callable[[], object]] = {
        "reading a file": lambda: load_data(file),
        "reading a folder": lambda: load_data(images_folder),
        "validation": validate,
        "saving": lambda: _save(session, folder / "checkpoints"),
        "loading": lambda: read_run(run.path),
        "pictures": lambda: draw_figures(run, held_out),
        "report": lambda: write_first_report(run, held_out),
    }
    validate()  # compiles
    seconds = {name: _repeated(stage, runs) for name, stage in stages.items()}
    later = problem.epochs - 1  # the first one compiles
    seconds["training"] = [later * max(_CLOCK, one) for one in clock.seconds[1:]]
    seconds["between epochs"] = [
        later * max(_CLOCK, end - before - one)
        for before, end, one in zip(clock.ends, clock.ends[1:], clock.seconds[1:], strict=False)
    ]
    count = count_work(vae.posterior) + count_work(vae.decoder)
    flop, weights = training_flop(count), count.weights
    read = problem.pixels * (problem.images + problem.held_out)
    shown = problem.held_out * problem.pixels * problem.latents * problem.epochs
    work: Mapping[str, float] = {
        "reading a file": read,
        "reading a folder": read,
        "training": flop * problem.images * later,
        "between epochs": flop * problem.held_out * later,
        "validation": flop * problem.held_out,
        "saving": weights,
        "loading": weights,
        "pictures": shown,
        "report": shown,
    }
    return {name: Cost(seconds[name], work[name]) for name in work}


def _repeated(stage: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each time; what is quick is done more often."""
    seconds: list[float] = []
    while len(seconds) < runs or sum(seconds) < _AT_LEAST:
        seconds.append(clocked(lambda _: stage(), 1))
    return seconds


class _Clock(Progress):
    """When each epoch ended, and how long its steps took."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.seconds: list[float] = []

    def epoch_end(self, epoch: int, row: Mapping[str, Any]) -> None:
        self.ends.append(time.perf_counter())
        self.seconds.append(row["seconds"])


def _save(session: Session, folder: Path) -> None:
    """All that a run writes of its model: the saved models, and a checkpoint."""
    save_artifacts(session.program.vae, session.directory)
    folder.mkdir(exist_ok=True)
    steps = time.monotonic_ns()  # one that isn't there yet
    save_checkpoint(folder, State(Position(steps=steps), snapshot(session.program.state)))
