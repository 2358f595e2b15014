"""What a run trains on and is validated on, and what its record says of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from vaekit.config import TrainConfig
from vaekit.data import (
    Budget,
    Scale,
    StoredPixels,
    binarized,
    data_budget,
    describe,
    fingerprint,
    load_data,
    parts_of,
    split,
    take,
    to_train_on,
    with_few_labels,
)
from vaekit.engine import HELD, batch_bytes
from vaekit.errors import DataError, DataUnavailableError, UserError
from vaekit.options import check_options, resolved_options
from vaekit.plugins import discover
from vaekit.registry import KIT, Component
from vaekit.run import DataRecord, PartRecord
from vaekit.trainer.preset import Chosen, choose_preset
from vaekit.trainer.progress import Progress
from vaekit.types import Dataset, Images, Pixels
from vaekit.wording import option_text
from vaekit.workers import refuse_uneven

_MOST_CLASSES = 10_000  # beyond it, labels are numbers of something else
DEFAULT, FALLBACK = "mnist", "mnist-sample"


class Source(NamedTuple):
    """The two splits, what `run.json` says of them, and what their images decide of a run.

    factors: how many values each factor of theirs has, by its name.
    """

    train: Images
    validation: Images
    record: DataRecord
    chosen: Chosen
    factors: Mapping[str, int] = {}


def choose_source(
    config: TrainConfig,
    data: Any,
    progress: Progress,
    scale: Scale | None = None,
) -> Source:
    """Read what `config.data` names, or take `data` (arrays, or a `Dataset`) as it is.

    With neither, MNIST; where that is neither cached nor reachable, the sample of it that comes
    with the kit. Images of a path that are more than the budget stay there.

    progress: is told what was read. scale: that of the run, if it goes on.

    Raises `DataError` if the images can't be read, or show nothing but one colour, `UserError` if
    one batch wants more of them, or if the budget is too small for some batches.
    """
    budget = data_budget(config.data_budget)
    fallback = False

    def read(source: Any) -> Dataset:
        return load_data(
            source,
            image_size=config.image_size,
            resize=config.resize,
            gray=config.gray,
            skip_bad=config.skip_bad,
            budget=budget,
            scale=scale,
            options=config.data_opt,
            progress=progress.shown,
        )

    if data is not None or config.data is not None:
        dataset = read(config.data if data is None else data)
    else:
        try:
            dataset = read(DEFAULT)
        except DataUnavailableError:
            dataset = read(FALLBACK)
            fallback = True
            progress.note(
                f"No {option_text('data')} given, and {DEFAULT} is neither cached nor reachable: "
                f"training on {FALLBACK} instead, a tenth of it."
            )
    if config.data is None or data is not None or _registered(dataset.source):
        _check_held(dataset, budget)
    train, validation = split(
        dataset, share=config.validation_split, seed=config.seed, limit=config.limit
    )
    count, height, width, channels = train.pixels.shape
    chosen = choose_preset(config, (height, width, channels), count)
    config = config.model_copy(update=dict(chosen.values))
    if config.batch_size > len(train.pixels):
        raise UserError(
            f"A batch of {config.batch_size} is more than the {len(train.pixels)} training images "
            f"of {dataset.source}; choose a smaller {option_text('batch_size')}."
        )
    refuse_uneven(config.batch_size, config.workers, config.accumulate)
    train = _in_equal_shares(train, config, progress)
    train = to_train_on(train, config.binarize, config.seed)
    validation = binarized(validation, config.binarize, config.seed)
    _refuse_one_colour(train.pixels, dataset.source)
    if isinstance(train.pixels, StoredPixels):
        _check_room(train.pixels, config.batch_size, budget)
        progress.note(
            f"{dataset.source} holds more images than {budget}, so they are read while training. "
            "First all are read once, to check them."
        )
    progress.note(_read_line(dataset, train, validation))
    if chosen.values:
        progress.note(chosen.line)
    classes = None if config.condition is None else _classes(dataset)
    if config.label_fraction < 1:
        train = _few_labelled(train, config, progress)
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
        condition_classes=classes,
        class_names=None if dataset.classes is None else list(dataset.classes),
        scale=dict(dataset.scale),
        **describe(dataset),
    )
    return Source(train, validation, record, chosen, dataset.factors)


def _in_equal_shares(train: Images, config: TrainConfig, progress: Progress) -> Images:
    """Training images less the last few, so that an epoch's last batch divides as all others do."""
    left_over = len(train.pixels) % (config.workers * config.accumulate)
    if not left_over:
        return train
    who = [
        f"{number} {name}"
        for number, name in ((config.workers, "workers"), (config.accumulate, "slices"))
        if number > 1
    ]
    progress.note(
        f"The last {left_over} of the {len(train.pixels):,} training images are left out, so "
        f"that {' of '.join(reversed(who))} have equal shares of an epoch's last batch, too."
    )
    return take(train, slice(len(train.pixels) - left_over))


def _few_labelled(train: Images, config: TrainConfig, progress: Progress) -> Images:
    """Training images of which a share alone keeps its labels; the others' are -1."""
    assert train.labels is not None  # which `_classes` has seen to
    labels = with_few_labels(train.labels, config.label_fraction, config.seed)
    used = int((labels >= 0).sum())
    progress.note(f"The labels of {used:,} of the {len(labels):,} training images are used.")
    return train._replace(labels=labels)


def _classes(dataset: Dataset) -> int:
    """How many classes the labels of a source are of.

    Raises `DataError` if not all images have one, or one is below 0.
    """
    splits = [split for split in (dataset.train, dataset.test) if split is not None]
    lacking = f"{option_text('condition', 'labels')} needs a class for each image"
    if any(split.labels is None for split in splits):
        raise DataError(
            f"{lacking}, and {dataset.source} has no labels. Put the images into a folder for "
            "each class, or give labels with the arrays."
        )
    labels = [split.labels for split in splits if split.labels is not None]
    least = min(int(part.min()) for part in labels)
    if least < 0:
        raise DataError(f"{lacking}, and {dataset.source} has the label {least}: count from 0.")
    if dataset.classes is not None:
        return len(dataset.classes)
    highest = max(int(part.max()) for part in labels)
    if highest >= _MOST_CLASSES:
        raise DataError(
            f"{dataset.source} has the label {highest}; a condition tells apart at most "
            f"{_MOST_CLASSES} classes. Number the classes from 0."
        )
    return highest + 1


def _check_room(images: StoredPixels, batch_size: int, budget: Budget) -> None:
    needed = HELD * batch_bytes(images, batch_size)
    if needed > budget.bytes:
        raise UserError(
            f"Of images that are read while training, {HELD} batches are held at a time. Of "
            f"{batch_size} images, they take {needed:,} bytes, and {budget} is "
            f"{budget.bytes:,}. Choose a smaller {option_text('batch_size')} or a larger "
            f"{option_text('data_budget')}."
        )


def _refuse_one_colour(images: Pixels, source: str) -> None:
    """Raise `DataError` if all pixels of all images have the same values."""
    colour = images[0][0, 0]
    if any((part != colour).any() for part in parts_of(images)):
        return
    values = ", ".join(f"{value:g}" for value in colour)
    raise DataError(
        f"The {len(images)} training images of {source} are all of one colour ({values}), so there "
        "is nothing to learn from them. Is it the right source?"
    )


def _read_line(dataset: Dataset, train: Images, validation: Images) -> str:
    """What was read, for people, in a line."""
    shape = "x".join(map(str, train.pixels.shape[1:]))
    parts = [
        f"Read {dataset.source}: {len(train.pixels):,} images of {shape} to train on, "
        f"{len(validation.pixels):,} to validate on"
    ]
    if dataset.classes is not None:
        parts[0] += f", in {len(dataset.classes)} classes"
    if dataset.resized:
        parts.append(dataset.resized)
    if dataset.skipped:
        count = len(dataset.skipped)
        parts.append(f"{count} file{'' if count == 1 else 's'} skipped")
    return "; ".join(parts) + "."


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
