"""The pictures of a run, drawn without a display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from vaekit.atomic import write_whole
from vaekit.data import take
from vaekit.run import Run
from vaekit.types import Images

_DPI = 150
_COLUMNS = 10
_MAP_POINTS = 10_000


def draw_figures(run: Run, images: Images) -> list[Path]:
    """Draw all pictures of a run from its held-out `images` into `figures/`; give their paths.

    `reconstructions.png`, `latent.png`, `samples.png`, `loss.png`, and for two latents
    `manifold.png`.
    """
    folder = run.directory.figures
    drawn = {
        "reconstructions.png": reconstructions(run, images.pixels[:_COLUMNS]),
        "latent.png": latent_map(run, images),
        "samples.png": samples(run, 10 * _COLUMNS),
        "loss.png": history(run),
    }
    if run.model.latent_dim == 2:
        drawn["manifold.png"] = manifold(run)
    paths = [folder / name for name in drawn]
    with run.directory.changing(*paths):
        for path, figure in zip(paths, drawn.values(), strict=True):
            save(figure, path)
    return paths


def save(figure: Figure, path: Path) -> None:
    """Write a picture. Raises `RunError` if there is no room or no right to."""
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=_DPI))


def reconstructions(run: Run, pixels: np.ndarray) -> Figure:
    """Images above what the run makes of them, through the posterior's mean."""
    rebuilt = run.decode(run.posterior(pixels).z_mean)
    shown = pixels / np.float32(255) if pixels.dtype == np.uint8 else pixels
    rows = np.concatenate([shown, rebuilt])
    return grid(rows, "Held-out images, and their reconstructions below", columns=len(pixels))


def latent_map(run: Run, images: Images) -> Figure:
    """Where the encoder puts images: the posterior's means, coloured by label if there is one."""
    pixels, labels = take(images, slice(_MAP_POINTS))
    z_mean, z_log_var = run.posterior(pixels)
    axes_names = ("z_mean 1", "z_mean 2")
    if z_mean.shape[1] == 1:
        points = np.concatenate([z_mean, np.exp(0.5 * z_log_var)], axis=1)
        axes_names = ("z_mean", "standard deviation")
    elif z_mean.shape[1] > 2 and len(z_mean) > 1:
        points = PCA(2).fit_transform(z_mean)
        axes_names = ("first principal component of z_mean", "second")
    else:
        points = z_mean
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    size = float(np.clip(20_000 / len(points), 2, 30))
    if labels is None:
        axes.scatter(points[:, 0], points[:, -1], s=size, alpha=0.7, linewidths=0)
    else:
        _scatter_by_label(figure, axes, points, labels, _class_names(run), size)
    axes.set(title="Latent map of held-out images", xlabel=axes_names[0], ylabel=axes_names[1])
    return figure


def samples(run: Run, count: int, seed: int = 0) -> Figure:
    """Images decoded from draws of the prior."""
    return grid(run.sample(count, seed=seed), "Decoded from draws of the prior N(0, I)")


def manifold(run: Run, side: int = 20) -> Figure:
    """The images of a two-dimensional latent space, on a grid of the prior's quantiles.

    Kingma and Welling, "Auto-Encoding Variational Bayes" (arXiv:1312.6114), figure 4.
    """
    at = [NormalDist().inv_cdf(share) for share in np.linspace(0.02, 0.98, side)]
    z = np.array([(x, y) for y in at[::-1] for x in at])
    return grid(run.decode(z), "Decoded at the quantiles of the prior N(0, I)", columns=side)


def history(run: Run) -> Figure:
    """The loss and each of its terms by epoch, training and validation; empty before the first."""
    rows = run.history
    if not rows:  # a callback stopped it before
        figure = Figure(figsize=(3.2, 3.0), layout="constrained")
        figure.add_subplot().set(title="loss", xlabel="epoch")
        return figure
    epochs = [row["epoch"] for row in rows]
    names = [name.removeprefix("val_") for name in rows[-1] if name.startswith("val_")]
    skipped = ("kl_dim", "mse", "psnr", "active_units")
    names = [name for name in names if not name.startswith(skipped) and name in rows[-1]]
    figure = Figure(figsize=(3.2 * len(names), 3.0), layout="constrained")
    for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        axes.plot(epochs, [row[name] for row in rows], marker=".", label="training")
        axes.plot(epochs, [row[f"val_{name}"] for row in rows], marker=".", label="validation")
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.axes[0].legend()
    return figure


def grid(images: np.ndarray, title: str, *, columns: int = _COLUMNS) -> Figure:
    """Images `(N, H, W, C)` in [0, 1] in rows; grey for one channel, colour for three."""
    count, height, width, channels = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    gap = max(1, height // 14)
    # Two channels, or more than three, have no colours of their own: show their average.
    shown = images if channels == 3 else images.mean(axis=-1, keepdims=True)
    # One picture of all: an axes for each would take most of a minute for a few hundred.
    canvas = np.ones((rows * (height + gap) - gap, columns * (width + gap) - gap, shown.shape[-1]))
    for number, image in enumerate(np.clip(shown, 0.0, 1.0)):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    breadth, margin, heading = 8.0, 0.05, 0.4  # inches
    tall = (breadth - 2 * margin) * canvas.shape[0] / canvas.shape[1]
    whole = margin + tall + heading
    figure = Figure(figsize=(breadth, whole))
    # Placed by hand: a layout engine would draw the picture twice to find out the same.
    axes = figure.add_axes(
        (margin / breadth, margin / whole, 1 - 2 * margin / breadth, tall / whole)
    )
    axes.set_title(title)
    axes.imshow(np.squeeze(canvas), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_axis_off()
    return figure


def _class_names(run: Run) -> Sequence[str] | None:
    names: list[str] | None = run.record["data"]["class_names"]
    return names


def _scatter_by_label(
    figure: Figure,
    axes: Any,
    points: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str] | None,
    size: float,
) -> None:
    values = np.unique(labels)
    if len(values) > 20:  # too many for a legend: a colour bar
        drawn = axes.scatter(*points[:, [0, -1]].T, c=labels, s=size, cmap="viridis", linewidths=0)
        figure.colorbar(drawn, label="label")
        return
    from matplotlib import colormaps

    colours = colormaps["tab10" if len(values) <= 10 else "tab20"]
    for number, value in enumerate(values):
        of_class = points[labels == value]
        name = names[value] if names is not None and 0 <= value < len(names) else str(value)
        axes.scatter(
            of_class[:, 0],
            of_class[:, -1],
            s=size,
            alpha=0.7,
            linewidths=0,
            color=colours(number),
            label=name,
        )
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for handle in legend.legend_handles:
        handle.set_sizes([40])  # legible however small the points are
