"""The README's picture: what the figures say of digits that are ever noisier, or all of one class.

    python plugins/vaekit-image-metrics/make_picture.py

Half of mnist-sample's test set stands for samples, the other half is what they are held against.
Writes `figures.png` beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import vaekit
from vaekit_image_metrics.density_coverage import density_coverage
from vaekit_image_metrics.frechet import frechet
from vaekit_image_metrics.kernel import kernel
from vaekit_image_metrics.precision_recall import precision_recall

OUT = Path(__file__).parent / "figures.png"
METRICS = frechet, kernel, precision_recall, density_coverage
AMOUNTS = (0.0, 0.1, 0.2, 0.4)
ROWS = COLUMNS = 4


class Samples:
    """Stands for a model: gives what it was made with."""

    classes = None

    def __init__(self, images: np.ndarray) -> None:
        self._images = images

    def sample(self, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        """All of them."""
        return self._images[:count]


def halves(images: vaekit.Images) -> list[vaekit.Images]:
    """Either half of the images, which of them by chance."""
    assert images.labels is not None
    order = np.random.default_rng(0).permutation(len(images.labels))
    return [vaekit.Images(images.pixels[h], images.labels[h]) for h in np.array_split(order, 2)]


def columns(dataset: vaekit.Dataset) -> Mapping[str, tuple[np.ndarray, dict[str, float]]]:
    """By what was done to them: the samples, and their figures."""
    assert dataset.test is not None
    real, other = halves(dataset.test)
    clean, noise = (
        vaekit.as_floats(other.pixels),
        np.random.default_rng(0).normal(size=other.pixels.shape),
    )
    made = {
        f"noise of {amount:g}" if amount else "other digits": np.clip(clean + amount * noise, 0, 1)
        for amount in AMOUNTS
    }
    threes = clean[other.labels == 3]
    made["threes alone"] = np.resize(threes, clean.shape)
    figures = {}
    for title, images in made.items():
        measurement = vaekit.Measurement(
            Samples(images.astype("float32")), real, lambda: dataset.train
        )
        figures[title] = (
            images,
            {
                name.removesuffix("_classifier"): estimate.value
                for make in METRICS
                for name, estimate in make(count=len(clean))(measurement).items()
            },
        )
    return figures


if __name__ == "__main__":
    of = columns(vaekit.load_data("mnist-sample"))
    figure, axes = plt.subplots(1, len(of), figsize=(10, 3.4))
    for axis, (title, (images, values)) in zip(axes, of.items(), strict=True):
        side = images.shape[1]
        table = images[: ROWS * COLUMNS, ..., 0].reshape(ROWS, COLUMNS, side, side)
        table = table.transpose(0, 2, 1, 3).reshape(ROWS * side, COLUMNS * side)
        axis.imshow(table, cmap="gray_r", vmin=0, vmax=1)
        axis.set(title=title, xticks=[], yticks=[])
        lines = [f"{name:<10}{value:>8.3g}" for name, value in values.items()]
        axis.text(
            0.0,
            -0.04,
            "\n".join(lines),
            transform=axis.transAxes,
            va="top",
            family="monospace",
            fontsize=8,
        )
    figure.tight_layout()
    figure.subplots_adjust(bottom=0.28)
    figure.savefig(OUT, dpi=72)
