"""The README's picture: digits on the sphere, and what lies on great circles between them.

    vaekit train --latent von-mises-fisher --latent-dim 3 --loss elbo --data mnist-sample \\
        --encoder-opt width=16 --decoder-opt width=16 --epochs 6 --out run
    python plugins/vaekit-latents/make_picture.py run

Writes `sphere.png` beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

OUT = Path(__file__).parent / "sphere.png"
POINTS, WAYS, STEPS = 700, 6, 9


def draw(run: vaekit.Run) -> Figure:
    """Both halves of the picture, of a run in three dimensions."""
    images = run.held_out().images
    labels = images.labels[:POINTS]
    points = run.latents(images.pixels[:POINTS])
    figure = plt.figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.1, 1))

    axes = left.add_subplot(projection="3d")
    axes.view_init(25, 40)
    colours = mpl.colormaps["tab10"](labels)
    facing = points @ direction(axes)
    # What is behind is faint.
    colours[:, 3] = np.where(facing > 0, 0.9, 0.15)
    axes.scatter(*points[np.argsort(facing)].T, c=colours[np.argsort(facing)], s=9, linewidths=0)
    for digit in range(10):
        middle = points[labels == digit].mean(axis=0)
        axes.text(*(1.18 * middle / np.linalg.norm(middle)), str(digit), fontsize=13, weight="bold")
    axes.set_box_aspect((1, 1, 1))
    axes.set_axis_off()
    left.suptitle("z_direction of held-out digits", fontsize=11)

    chosen = [int(np.argmax(labels == digit)) for digit in (0, 1, 7, 4, 9, 3, 2)]
    ways = run.interpolate(images.pixels[:POINTS][chosen], steps=STEPS)[:WAYS, ..., 0]
    rows = ways.transpose(0, 2, 1, 3).reshape(WAYS * ways.shape[2], -1)
    shown = right.add_subplot()
    shown.imshow(rows, cmap="gray_r", vmin=0, vmax=1)
    shown.set_axis_off()
    right.suptitle("along great circles", fontsize=11)
    return figure


def direction(axes: Axes3D) -> np.ndarray:
    """The unit vector towards whoever looks at the axes."""
    height, around = np.radians([axes.elev, axes.azim])
    return np.array(
        [np.cos(height) * np.cos(around), np.cos(height) * np.sin(around), np.sin(height)]
    )


if __name__ == "__main__":
    draw(vaekit.load(sys.argv[1])).savefig(OUT, dpi=90)
