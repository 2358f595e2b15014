"""The names under which a file of several arrays keeps its images, labels and factors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from vaekit.types import Dataset, Images


class Layout(NamedTuple):
    """Names of the arrays of one data set; only the first must be there.

    factors: what is known of the factors without the file: their sizes by name, column by column.
    """

    train: str
    train_labels: str
    train_factors: str
    test: str
    test_labels: str
    test_factors: str
    factors: Mapping[str, int] = {}


LAYOUTS = (
    Layout("x_train", "y_train", "factors_train", "x_test", "y_test", "factors_test"),  # Keras's
    Layout(
        "train_images",
        "train_labels",
        "train_factors",
        "test_images",
        "test_labels",
        "test_factors",
    ),
    Layout("images", "labels", "factors", "test_images", "test_labels", "test_factors"),
    Layout(  # dSprites', whose names of factors are in a pickle
        "imgs",
        "labels",
        "latents_classes",
        "test_imgs",
        "test_labels",
        "test_latents_classes",
        {"color": 1, "shape": 3, "scale": 6, "orientation": 40, "posX": 32, "posY": 32},
    ),
)


def find_layout(names: Iterable[str]) -> Layout | None:
    """The first layout whose training images are among `names`."""
    present = set(names)
    return next((layout for layout in LAYOUTS if layout.train in present), None)


def columns_for(images: str) -> tuple[str, str]:
    """The names of the labels and of the factors that belong to the images of this name."""
    for layout in LAYOUTS:
        if images == layout.train:
            return layout.train_labels, layout.train_factors
        if images == layout.test:
            return layout.test_labels, layout.test_factors
    return "labels", "factors"


def images_in(layout: Layout, names: Iterable[str]) -> list[str]:
    """The names of the images, of both splits if there are two."""
    return [layout.train, *(name for name in names if name == layout.test)]


def assemble(
    source: str,
    layout: Layout,
    names: Iterable[str],
    images: Callable[[str], Any],
    columns: Callable[[str], Any],
) -> Dataset:
    """The unchecked data set whose arrays two functions give by name; a missing one is None."""
    present = set(names)

    def split(pixels: str, labels: str, factors: str) -> Images | None:
        if pixels not in present:
            return None
        values = [columns(name) if name in present else None for name in (labels, factors)]
        return Images(images(pixels), values[0], factors=values[1])

    train = split(*layout[:3])
    assert train is not None  # which `find_layout` has seen to
    dataset = Dataset(source, train, split(*layout[3:6]))
    return dataset._replace(factors=layout.factors) if _fit(dataset, layout.factors) else dataset


def _fit(dataset: Dataset, factors: Mapping[str, int]) -> bool:
    """Whether all images of a data set have factors of this number and these sizes."""
    every = [part.factors for part in (dataset.train, dataset.test) if part is not None]
    sizes = list(factors.values())
    return bool(sizes) and all(
        values is not None
        and np.shape(values)[1:] == (len(sizes),)
        and np.all(np.max(values, axis=0) < sizes)
        for values in every
    )
