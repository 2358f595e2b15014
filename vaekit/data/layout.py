"""The names under which a file of several arrays keeps its images and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from vaekit.types import Dataset, Images


class Layout(NamedTuple):
    """Names of the arrays of one data set; only the first must be there."""

    train: str
    train_labels: str
    test: str
    test_labels: str


LAYOUTS = (
    Layout("x_train", "y_train", "x_test", "y_test"),  # Keras's
    Layout("train_images", "train_labels", "test_images", "test_labels"),
    Layout("images", "labels", "test_images", "test_labels"),
)


def find_layout(names: Iterable[str]) -> Layout | None:
    """The first layout whose training images are among `names`."""
    present = set(names)
    return next((layout for layout in LAYOUTS if layout.train in present), None)


def labels_for(images: str) -> str:
    """The name of the labels that belong to the images of this name."""
    pairs = {n: y for t in LAYOUTS for n, y in ((t.train, t.train_labels), (t.test, t.test_labels))}
    return pairs.get(images, "labels")


def images_in(layout: Layout, names: Iterable[str]) -> list[str]:
    """The names of the images, of both splits if there are two."""
    return [layout.train, *(name for name in names if name == layout.test)]


def assemble(
    source: str,
    layout: Layout,
    names: Iterable[str],
    images: Callable[[str], Any],
    labels: Callable[[str], Any],
) -> Dataset:
    """The unchecked data set whose arrays two functions give by name; a missing one is None."""
    present = set(names)

    def labels_of(name: str) -> Any:
        return labels(name) if name in present else None

    train = Images(images(layout.train), labels_of(layout.train_labels))
    if layout.test not in present:
        return Dataset(source, train)
    return Dataset(source, train, Images(images(layout.test), labels_of(layout.test_labels)))
