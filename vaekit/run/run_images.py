"""The images and the labels that a run takes: read, scaled and numbered as its own were."""

from __future__ import annotations

from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from vaekit.data import (
    DifferingSizesError,
    Scale,
    as_pixels,
    binarized,
    check_labels,
    coloured,
    data_budget,
    fingerprint,
    load_data,
    recorded_scale,
    split,
    take,
)
from vaekit.errors import DataError, UserError
from vaekit.model import Condition
from vaekit.plugins import discover
from vaekit.run.provenance import own_data
from vaekit.run_directory.record import RunRecord
from vaekit.types import Dataset, Images, Pixels
from vaekit.wording import option_text


class HeldOut(NamedTuple):
    """Images that a run is judged on.

    split: which they are of their source: `test`, `validation` (the share of its images that the
    run didn't train on), or `all`. classes: names of their labels, None where there are none.
    """

    images: Images
    split: str
    source: str
    classes: tuple[str, ...] | None


class RunImages:
    """What one run takes.

    condition: what labels are to its model; None where it takes none.
    """

    def __init__(
        self, record: RunRecord, image_shape: tuple[int, ...], condition: Condition | None
    ) -> None:
        self._record = record
        self._shape = image_shape
        self._condition = condition

    @property
    def scale(self) -> Scale:
        """Which value of each type of the run's own images is white: later images have the same."""
        return recorded_scale(self._record.data.scale, self._record.data.type)

    def taken(self, images: Any, labels: Any = None) -> Images:
        """Images of any form as a `Dataset` holds them, with labels that were given apart.

        Raises `DataError` for another shape than the run's, or values beyond the scale.
        """
        held = images if isinstance(images, Images) else Images(as_pixels(images, self.scale))
        self._check_shape(held.pixels)
        held = self._binarized(held)
        if labels is None:
            return held
        return held._replace(labels=check_labels(labels, len(held.pixels), "Labels"))

    def classes(self, labels: Any, count: int) -> np.ndarray | None:
        """Labels as the models take them, `(count,)`, int32; None in a run without a condition.

        Raises `DataError` where they are needed and there are none, there are too few or too many,
        or one is no class.
        """
        if self._condition is None:
            return None
        checked = None if labels is None else check_labels(labels, count, "Labels")
        return self._condition.checked(checked)

    def classes_of(self, images: Images) -> np.ndarray | None:
        """`classes` of the labels that images bring."""
        return self.classes(images.labels, len(images.pixels))

    def dataset(self, data: Any, *, skip_bad: bool, progress: bool) -> Dataset:
        """See `Run.dataset`."""
        dataset = self.as_read(data, skip_bad=skip_bad, progress=progress)
        test = None if dataset.test is None else self._binarized(dataset.test)
        return dataset._replace(train=self._binarized(dataset.train), test=test)

    def _binarized(self, images: Images) -> Images:
        """In black and white where the run's are, by its seed."""
        return binarized(images, self._record.config.binarize, self._record.config.seed)

    def as_read(self, data: Any, *, skip_bad: bool, progress: bool) -> Dataset:
        """A data source as its fingerprint is taken of it: grey where it is."""
        options, record = None, self._record
        if data is None:
            data = own_data(record, discover().registry)
            options = None if record.data.part is None else record.data.part.options
            if data is None:
                raise UserError("The run was trained on an array: say which data to use.")
        config = record.config
        try:
            dataset = load_data(
                data,
                image_size=config.image_size,
                resize=config.resize,
                gray=config.gray,
                skip_bad=skip_bad or config.skip_bad,
                budget=data_budget(config.data_budget),
                scale=self.scale,
                options=options,
                progress=progress,
            )
        except DifferingSizesError as error:
            raise DataError(f"The run works on {self._shape_text} images. {error.sizes}") from error
        if isinstance(data, str | PathLike) and self._shape[-1] == 3:
            dataset = coloured(dataset)
        self._check_shape(dataset.train.pixels)
        return dataset if self._condition is None else self._renumbered(dataset)

    def training(self, data: Any, *, skip_bad: bool, progress: bool) -> Images:
        """The images that the run was trained on, or all those to train on of other data.

        Raises `DataError` where the run's own data are no longer what they were.
        """
        dataset = self.as_read(data, skip_bad=skip_bad, progress=progress)
        own = self.own_split(dataset)
        if own is not None:
            return own[0]
        if data is None:
            raise DataError(
                f"{dataset.source} is not what the run was trained on any more. To take what is "
                f"there now, name it: {option_text('data', dataset.source)}."
            )
        return self._binarized(dataset.train)

    def own_split(self, dataset: Dataset) -> tuple[Images, Images] | None:
        """Those of a data set, as it was read, that the run was trained and was validated on.

        None where it isn't the run's own.
        """
        if fingerprint(dataset) != self._record.data.fingerprint:
            return None
        config = self._record.config
        train, validation = split(
            dataset, share=config.validation_split, seed=config.seed, limit=config.limit
        )
        return self._binarized(train), self._binarized(validation)

    def held_out(self, data: Any, limit: int | None, *, skip_bad: bool, progress: bool) -> HeldOut:
        """See `Run.held_out`."""
        return self.held_out_of(self.as_read(data, skip_bad=skip_bad, progress=progress), limit)

    def held_out_of(self, dataset: Dataset, limit: int | None) -> HeldOut:
        """The images of a data set, as it was read, on which the run is judged."""
        config = self._record.config
        if dataset.test is not None:
            images, name = dataset.test, "test"
        elif fingerprint(dataset) == self._record.data.fingerprint:
            _, images = split(dataset, share=config.validation_split, seed=config.seed)
            name = "validation"
        else:
            images, name = dataset.train, "all"
        if limit is not None:
            images = take(images, slice(limit))
        return HeldOut(self._binarized(images), name, dataset.source, dataset.classes)

    def _renumbered(self, dataset: Dataset) -> Dataset:
        """A data set whose classes have the numbers that they have in the run, by their names."""
        own, names = self._record.data.class_names, dataset.classes
        if own is None or names is None or list(names) == own:
            return dataset
        for name in names:
            if name not in own:
                raise DataError(
                    f"{dataset.source} has the class {name!r}, and the run was trained on "
                    f"{', '.join(map(repr, own[:10]))}{' and others' if len(own) > 10 else ''}."
                )
        numbers = np.array([own.index(name) for name in names])

        def renumbered(images: Images) -> Images:
            labels = images.labels
            return images if labels is None else images._replace(labels=numbers[labels])

        test = None if dataset.test is None else renumbered(dataset.test)
        return dataset._replace(train=renumbered(dataset.train), test=test, classes=tuple(own))

    @property
    def _shape_text(self) -> str:
        return "x".join(map(str, self._shape))

    def _check_shape(self, pixels: Pixels) -> None:
        if not len(pixels) or pixels.shape[1:] != self._shape:
            raise DataError(
                f"The run works on {self._shape_text} images, and these have the shape "
                f"{pixels.shape}. Give images of the run's shape."
            )
