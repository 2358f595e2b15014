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
    found = set(names)
    return next((layout for layout in LAYOUTS if layout.train in found), None)


def labels_for(images: str) -> str:
    """The name of the labels that belong to the images of this name."""
    pairs = {n: y for t in LAYOUTS for n, y in ((t.train, t.train_labels), (t.test, t.test_labels))}
    return pairs.get(images, "labels")


def assemble(
    source: str, layout: Layout, names: Iterable[str], read: Callable[[str], Any]
) -> Dataset:
    """The unchecked data set whose arrays `read` gives by name; a name that is missing is None."""
    found = set(names)

    def get(name: str) -> Any:
        return read(name) if name in found else None

    train = Images(get(layout.train), get(layout.train_labels))
    if layout.test not in found:
        return Dataset(source, train)
    return Dataset(source, train, Images(get(layout.test), get(layout.test_labels)))
