"""The README's pictures: digits on the sphere and in the disc, and what lies between them.

    vaekit train --latent von-mises-fisher --latent-dim 3 --loss elbo --data mnist-sample \\
        --encoder-opt width=16 --decoder-opt width=16 --epochs 6 --out sphere
    vaekit train --latent poincare --latent-dim 2 --loss elbo --data mnist-sample \\
        --encoder-opt width=16 --decoder-opt width=16 --recipe fast --epochs 12 \\
        --out disc
    python plugins/vaekit-geometry/make_picture.py sphere disc

Writes `NAME.png` beside this file for each run NAME.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

HERE = Path(__file__).parent
POINTS, STEPS = 400, 9
ALONG = (0, 1, 7, 3, 5, 6)  # a held-out digit of each, in turn


def draw(run: vaekit.Run) -> Figure:
    """Where digits lie, by their labels, and what lies between some of them."""
    images = run.held_out(limit=POINTS).images
    z = run.latents(images.pixels)
    figure = plt.figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1))
    axes, points = (in_the_disc if z.shape[1] == 2 else on_the_sphere)(left, z)
    for label, (x, y) in zip(images.labels, points, strict=True):
        colour = mpl.colormaps["tab10"](int(label))
        axes.text(x, y, str(label), color=colour, fontsize=9, ha="center", va="center")

    chosen = [int(np.argmax(images.labels == digit)) for digit in ALONG]
    ways = run.interpolate(images.pixels[chosen], steps=STEPS)[..., 0]
    rows = ways.transpose(0, 2, 1, 3).reshape(len(ways) * ways.shape[2], -1)
    shown = right.add_subplot()
    shown.imshow(rows, cmap="gray_r", vmin=0, vmax=1)
    shown.set_axis_off()
    right.suptitle("along geodesics", fontsize=11)
    return figure


def on_the_sphere(part: SubFigure, z: np.ndarray) -> tuple[Axes, np.ndarray]:
    """A map of equal areas, and where on it z of three dimensions is."""
    axes = part.add_subplot(projection="mollweide")
    axes.grid(alpha=0.3)
    axes.set_xticklabels([])
    axes.set_yticklabels([])
    part.suptitle("z_direction of held-out digits, the sphere unrolled", fontsize=11)
    x, y, height = z.T
    return axes, np.stack([np.arctan2(y, x), np.arcsin(height)], axis=-1)


def in_the_disc(part: SubFigure, z: np.ndarray) -> tuple[Axes, np.ndarray]:
    """The disc with circles at hyperbolic distances 1, 2, 3, ... from its centre, and z."""
    axes = part.add_subplot(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")
    for distance in range(1, 7):
        axes.add_patch(plt.Circle((0, 0), np.tanh(distance / 2), fill=False, alpha=0.2))
    axes.add_patch(plt.Circle((0, 0), 1.0, fill=False))
    axes.set_axis_off()
    part.suptitle("z_mean of held-out digits in the Poincaré disc", fontsize=11)
    return axes, z


if __name__ == "__main__":
    for name in sys.argv[1:]:
        draw(vaekit.load(name)).savefig(HERE / f"{Path(name).name}.png", dpi=70)
