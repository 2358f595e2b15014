"""A row of published figures, trained and evaluated by its protocol."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from vaekit import api
from vaekit.data import load_data
from vaekit.errors import RunError
from vaekit.proof.published.rows import Row
from vaekit.run import Run
from vaekit.types import Dataset, Images


class Repeated(NamedTuple):
    """What came of a row.

    estimate: the fields of a `vaekit.Estimate`. share: of the schedule that was trained.
    images: how many it was evaluated on. whole: whether those are all, and so is the schedule.
    training, evaluation: seconds.
    """

    row: Row
    run: Run
    estimate: dict[str, Any]
    elbo: float | None
    share: float
    images: int
    whole: bool
    training: float
    evaluation: float

    @property
    def reproduced(self) -> bool:
        """Whether it is the published figure, within its tolerance."""
        return self.whole and self.row.reproduced(self.estimate["value"], self.share)

    @property
    def figure(self) -> str:
        """The figure with its error and its unit."""
        error = self.estimate["error"]
        spread = "" if error is None else f" +- {error:.2g}"
        return f"{self.estimate['value']:.2f}{spread} {self.row.unit}"

    @property
    def verdict(self) -> str:
        """What came of the row, as a sentence."""
        row = self.row
        got = f"{row.name}: {self.figure}"
        published = f"published {row.figure:g}, tolerance {row.tolerance:g}"
        if self.reproduced:
            return f"{got}; {published}: reproduced."
        if not self.whole:
            done = f"{self.share:.0%} of the schedule and {self.images} images"
            return f"{got} of {done}; {published}: for ordering only."
        return f"{got}; {published}: not reproduced."


def repeat(
    row: Row,
    source: str,
    out: Path,
    *,
    share: float = 1.0,
    limit: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Repeated:
    """Train and evaluate a row in a new run directory.

    source: where its images lie. share: of its schedule; 1 is all of it. limit: evaluate only the
    first so many of the test images. progress: whether to print how it goes.

    Raises `DataError` where its images aren't to be had, `RunError` if training was stopped.
    """
    stages = row.stages(share)
    dataset = load_data(source)
    began = time.perf_counter()
    run = api.train(
        **row.train,
        data=_parted(dataset, row.held_out),
        epochs=sum(epochs for epochs, _ in stages),
        learning_rate=stages[0][1],
        callbacks=[_rates(stages)],
        seed=seed,
        figures=False,
        checkpoint_every="10epoch",
        progress=progress,
        out=str(out),
    )
    if run.record.status != "complete":
        raise RunError(f"The training of {row.name} was stopped, so that its figure isn't known.")
    trained = time.perf_counter()
    measured = run.evaluate(
        dataset,
        limit=limit,
        metrics=[row.metric],
        metric_options={row.metric: dict(row.metric_options)},
        against=row.against,
        progress=progress,
    )
    return Repeated(
        row=row,
        run=run,
        estimate=measured["metrics"][row.metric][row.figure_name],
        elbo=measured.get("elbo"),
        share=share,
        images=measured["images"],
        whole=share == 1.0 and limit is None,
        training=round(trained - began, 1),
        evaluation=round(time.perf_counter() - trained, 1),
    )


def _parted(dataset: Dataset, held_out: int) -> Dataset:
    """The last training images in the test set's place, so that it decides nothing."""
    if not held_out:
        return dataset
    train = dataset.train
    labels = train.labels
    parts = [
        Images(train.pixels[part], None if labels is None else labels[part])
        for part in (slice(-held_out), slice(-held_out, None))
    ]
    return dataset._replace(train=parts[0], test=parts[1])


def _rates(stages: list[tuple[int, float]]) -> keras.callbacks.Callback:
    """A callback that gives each epoch the rate of its stage."""
    by_epoch = [rate for epochs, rate in stages for _ in range(epochs)]
    rate_of: Callable[[int, float], float] = lambda epoch, rate: by_epoch[epoch]  # noqa: E731
    return keras.callbacks.LearningRateScheduler(rate_of)
