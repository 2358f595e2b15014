"""How the cost of a run grows with its images, their size, its latents and its epochs.

No stage of a run may grow faster than the work that it does. Along each of four axes the size
doubles, everything else staying small, and each stage's seconds are set against its work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vaekit.benchmark.exponents import growth_of
from vaekit.benchmark.problem import Problem, pinned_preset
from vaekit.benchmark.results import Result, heading, measurement
from vaekit.benchmark.stages import Cost, measure_stages
from vaekit.benchmark.subject import SHAPE
from vaekit.config import PART_FIELDS, TrainConfig
from vaekit.run import describe_environment

_DOUBLINGS = 4  # sizes an axis
_LATENTS = 16  # the fewest along their axis: two have pictures of their own
_EPOCHS = 3
_TIMES = 2  # at most, since what is quick is done more often

Row = dict[str, Any]
Axis = Callable[[Problem, int], Problem]


def _images(base: Problem, factor: int) -> Problem:
    return base._replace(images=base.images * factor)


def _pixels(base: Problem, factor: int) -> Problem:
    # Half as many images, since the last ones have eight times the pixels; sides in fours, which
    # most nets halve twice without a rest.
    height, width = (4 * round(side * factor**0.5 / 4) for side in base.image_size)
    return base._replace(images=base.images // 2, image_size=(height, width))


def _latents(base: Problem, factor: int) -> Problem:
    return base._replace(latents=max(base.latents, _LATENTS) * factor)


def _epochs(base: Problem, factor: int) -> Problem:
    return base._replace(images=base.images // 4, epochs=(base.epochs + 1) * factor)


# What is made larger, and which number of the problem says how large it is.
AXES: Mapping[str, tuple[Axis, Callable[[Problem], int]]] = {
    "images": (_images, lambda problem: problem.images),
    "pixels": (_pixels, lambda problem: problem.pixels),
    "latents": (_latents, lambda problem: problem.latents),
    "epochs": (_epochs, lambda problem: problem.epochs - 1),  # the first one compiles
}


def run_growth(
    config: TrainConfig, *, batch_size: int, runs: int, say: Callable[[Row], None]
) -> Result:
    """Measure the stages of a run of what `config` describes, along each axis; `say` hears rows.

    batch_size: of the runs; the smallest has sixteen batches or fewer an epoch.
    runs: how many times each stage is done; the fastest counts.

    Raises a `UserError` for whatever `vaekit train` would refuse.
    """
    base = Problem(16 * batch_size, config.image_size or SHAPE, config.latent_dim, _EPOCHS)
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        say(row)

    pinned = pinned_preset(config)
    config = config.model_copy(update={"batch_size": batch_size, "preset": pinned})
    for axis, (grown, size_of) in AXES.items():
        problems = [grown(base, 2**doubling) for doubling in range(_DOUBLINGS)]
        sizes, measured = [size_of(problem) for problem in problems], []
        for problem, size in zip(problems, sizes, strict=True):
            measured.append(_stages(problem, config, runs=min(runs, _TIMES)))
            for stage, cost in measured[-1].items():
                add(_cost(axis, stage, size, cost))
        for stage in measured[0]:
            add(_exponent(axis, stage, sizes, [costs[stage] for costs in measured]))
    return {
        **heading("growth"),
        **describe_environment(),
        "subject": {
            **config.model_dump(mode="json", include=set(PART_FIELDS)),
            "data": "random images",
            "precision": config.precision,
        },
        "settings": {
            "runs": min(runs, _TIMES),
            "batch_size": batch_size,
            "smallest": base._asdict(),
        },
        "measurements": rows,
    }


def _stages(problem: Problem, config: TrainConfig, *, runs: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        return measure_stages(problem, config, Path(folder), runs=runs)


def _cost(axis: str, stage: str, size: int, cost: Cost) -> Row:
    where = {"axis": axis, "stage": stage, "size": size, "work": cost.work}
    return measurement(f"{stage}, {size:,} {axis}", "s", cost.seconds, better="lower", **where)


def _exponent(axis: str, stage: str, sizes: list[int], costs: list[Cost]) -> Row:
    growth = growth_of(sizes, [c.work for c in costs], [c.seconds for c in costs])
    more = {"work_exponent": growth.work, "last": growth.last, "verdict": growth.verdict}
    return measurement(
        f"{stage} by {axis}",
        "exponent",
        [growth.exponent],
        better="lower",
        axis=axis,
        stage=stage,
        **more,
    )
