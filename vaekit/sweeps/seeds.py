"""The smallest sweep: one training by several seeds, a run in a folder each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vaekit.config import TrainConfig
from vaekit.errors import OptionError
from vaekit.interrupt import Interrupt
from vaekit.run_directory import RunDirectory
from vaekit.sweeps.one_run import refuse_workers, train_one
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.trainer import Session


class TrainedSeeds(NamedTuple):
    """The runs of the seeds that were trained, in their order; what stopped them, if a signal did.

    folder: where they are, `seed-0` and so on.
    """

    folder: Path
    runs: list[Path]
    stopped_by: str | None


def train_seeds(
    config: TrainConfig,
    seeds: Sequence[int],
    *,
    resume: bool = False,
    say: Callable[[str], None],
    prepare: Callable[[Session], None] = lambda session: None,
) -> TrainedSeeds:
    """Train `config` by each of the seeds, one after the other, in folders of `config.out`.

    resume: go on with those that were begun; complete ones are left as they are.
    say: told of each seed before it is trained. prepare: called with each session before it trains.

    Raises `OptionError` for a config of several workers, `RunError` if one of the folders holds a
    run and `resume` is not asked for, and what
    training raises.
    """
    refuse_workers(config, option_text("seeds", ",".join(map(str, seeds))))
    folder = Path(config.out or f"runs/seeds-{datetime.now():%Y%m%d-%H%M%S}")
    paths = [folder / f"seed-{seed}" for seed in seeds]
    named = config.model_dump(exclude_unset=True)
    configs = [
        TrainConfig.checked({**named, "seed": seed, "out": str(path)})
        for seed, path in zip(seeds, paths, strict=True)
    ]
    if not resume:
        for path in paths:
            RunDirectory(path).refuse_existing()
    trained: list[Path] = []
    with Interrupt() as interrupt:
        for one, path in zip(configs, paths, strict=True):
            if interrupt.requested:
                break
            say(f"Seed {one.seed}: {path}")
            record = train_one(one, None, progress=True, prepare=prepare)
            trained.append(path)
            if record.status != "complete":
                break
        return TrainedSeeds(folder, trained, interrupt.stopped_by)


def parse_seeds(text: str) -> tuple[int, ...]:
    """`0,1,2` as numbers.

    Raises `OptionError` for another text, and for a seed that is given twice.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise OptionError(f"{option_text('seeds', text)} is no list of seeds like 0,1,2.")
    seeds = tuple(int(word) for word in words)
    if len(set(seeds)) < len(seeds):
        raise OptionError(f"{option_text('seeds', text)} has a seed twice.")
    return seeds
