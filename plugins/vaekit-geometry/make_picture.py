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

OUT = Path(__file__).parent / "sphere.png"
POINTS, STEPS = 400, 9
ALONG = (0, 1, 7, 3, 5, 6)  # a held-out digit of each, in turn


def draw(run: vaekit.Run) -> Figure:
    """Where digits lie, on a map of equal areas, and what lies between some of them."""
    images = run.held_out(limit=POINTS).images
    x, y, z = run.latents(images.pixels).T
    figure = plt.figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1))

    axes = left.add_subplot(projection="mollweide")
    for label, width, height in zip(images.labels, np.arctan2(y, x), np.arcsin(z), strict=True):
        colour = mpl.colormaps["tab10"](int(label))
        axes.text(width, height, str(label), color=colour, fontsize=9, ha="center", va="center")
    axes.grid(alpha=0.3)
    axes.set_xticklabels([])
    axes.set_yticklabels([])
    left.suptitle("z_direction of held-out digits, the sphere unrolled", fontsize=11)

    chosen = [int(np.argmax(images.labels == digit)) for digit in ALONG]
    ways = run.interpolate(images.pixels[chosen], steps=STEPS)[..., 0]
    rows = ways.transpose(0, 2, 1, 3).reshape(len(ways) * ways.shape[2], -1)
    shown = right.add_subplot()
    shown.imshow(rows, cmap="gray_r", vmin=0, vmax=1)
    shown.set_axis_off()
    right.suptitle("along great circles", fontsize=11)
    return figure


if __name__ == "__main__":
    draw(vaekit.load(sys.argv[1])).savefig(OUT, dpi=90)
