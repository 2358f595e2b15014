"""What a run trains on and is validated on, and what its record says of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vaekit.config import TrainConfig
from vaekit.data import (
    Budget,
    Scale,
    StoredPixels,
    as_dataset,
    data_budget,
    describe,
    fingerprint,
    load_data,
    split,
)
from vaekit.engine import HELD, batch_bytes
from vaekit.errors import DataUnavailableError, UserError
from vaekit.options import check_options, resolved_options
from vaekit.plugins import discover
from vaekit.registry import KIT, Component
from vaekit.run import DataRecord, PartRecord
from vaekit.trainer.preset import Chosen, choose_preset
from vaekit.types import Dataset, Images

DEFAULT, FALLBACK = "mnist", "mnist-sample"


class Source(NamedTuple):
    """The two splits, what `run.json` says of them, and what their images decide of a run."""

    train: Images
    validation: Images
    record: DataRecord
    chosen: Chosen


def choose_source(
    config: TrainConfig,
    data: Any,
    note: Callable[[str], None],
    scale: Scale | None = None,
) -> Source:
    """Read what `config.data` names, or take `data` (arrays, or a `Dataset`) as it is.

    With neither, MNIST; where that is neither cached nor reachable, the sample of it that comes
    with the kit. Images of a path that are more than the budget stay there.

    note: takes a sentence for the user. scale: that of the run, if it goes on.

    Raises `DataError` if the images can't be read, `UserError` if one batch wants more of them, or
    if the budget is too small for some batches.
    """
    budget = data_budget(config.data_budget)
    fallback = False
    if data is not None:
        if config.data_opt:
            raise UserError("--data-opt is for registered data sets, and data are arrays here.")
        dataset = as_dataset(data, scale=scale)
    elif config.data is not None:
        dataset = _read(config, config.data, budget, scale)
    else:
        try:
            dataset = _read(config, DEFAULT, budget, scale)
        except DataUnavailableError:
            dataset = _read(config, FALLBACK, budget, scale)
            fallback = True
            note(
                f"No --data given, and {DEFAULT} is neither cached nor reachable: training on "
                f"{FALLBACK} instead, a tenth of it."
            )
    if config.data is None or data is not None or _registered(dataset.source):
        _check_held(dataset, budget)
    train, validation = split(
        dataset, share=config.validation_split, seed=config.seed, limit=config.limit
    )
    count, height, width, channels = train.pixels.shape
    chosen = choose_preset(config, (height, width, channels), count)
    if chosen.values:
        note(str(chosen))
    config = config.model_copy(update=dict(chosen.values))
    if config.batch_size > len(train.pixels):
        raise UserError(
            f"A batch of {config.batch_size} is more than the {len(train.pixels)} training images; "
            "choose a smaller --batch-size."
        )
    if isinstance(train.pixels, StoredPixels):
        _check_room(train.pixels, config.batch_size, budget)
        note(
            f"{dataset.source} holds more images than {budget}, so they are read while training. "
            "First all are read once, to check them."
        )
    part = None if data is not None else _part(dataset.source)
    record = DataRecord(
        asked=config.data,
        used=None if data is not None else dataset.source,
        reread=None if data is not None else _reread(dataset.source, part),
        part=None if part is None else PartRecord.of(part, _options(part, config)),
        fallback=fallback,
        fingerprint=fingerprint(dataset),
        training_images=len(train.pixels),
        validation_images=len(validation.pixels),
        validation="test set" if dataset.test is not None else "share of the training images",
        class_names=None if dataset.classes is None else list(dataset.classes),
        scale=dict(dataset.scale),
        **describe(dataset),
    )
    return Source(train, validation, record, chosen)


def _read(config: TrainConfig, source: str, budget: Budget, scale: Scale | None) -> Dataset:
    return load_data(
        source,
        image_size=config.image_size,
        gray=config.gray,
        budget=budget,
        scale=scale,
        options=config.data_opt,
    )


def _check_room(images: StoredPixels, batch_size: int, budget: Budget) -> None:
    needed = HELD * batch_bytes(images, batch_size)
    if needed > budget.bytes:
        raise UserError(
            f"Of images that are read while training, {HELD} batches are held at a time. Of "
            f"{batch_size} images, they take {needed:,} bytes, and {budget} is "
            f"{budget.bytes:,}. Choose a smaller --batch-size or a larger --data-budget."
        )


def _check_held(dataset: Dataset, budget: Budget) -> None:
    """Refuse images that come as arrays, and are more than a user wants held."""
    splits = (dataset.train, dataset.test)
    pixels = [part.pixels for part in splits if part is not None]
    held = sum(images.nbytes for images in pixels if isinstance(images, np.ndarray))
    budget.refuse(dataset.source, held, "Store them in an HDF5 file, which can.")


def _registered(source: str) -> bool:
    """Whether a source is a registered data set, and no path."""
    return source.partition("@")[0] in discover().registry.names("dataset")


def _part(source: str) -> Component | None:
    """The registered data set that a source was read as; None for a path."""
    return discover().registry.get("dataset", source) if _registered(source) else None


def _options(part: Component, config: TrainConfig) -> dict[str, Any]:
    return resolved_options(part, check_options(part, config.data_opt))


def _reread(source: str, part: Component | None) -> str:
    """The source as it can be read again from any folder: a registered name, or a whole path.

    The name is the full one, lest another plugin offers it one day; the kit's can't be taken.
    """
    if part is not None:
        return part.name if part.distribution == KIT else part.full_name
    path, separator, name = source.partition("::")
    return os.path.abspath(path) + separator + name
