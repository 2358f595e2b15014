"""The README's picture: the prior that a masked autoregressive flow learned of two latents.

    vaekit train --latent-dim 2 --prior maf --loss elbo --data mnist-sample \\
        --encoder-opt width=16 --decoder-opt width=16 --learning-rate 3e-3 --epochs 20 \\
        --out run
    python plugins/vaekit-flows/make_picture.py run

Writes `density.png` beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.figure import Figure

OUT = Path(__file__).parent / "density.png"
DRAWS, POINTS, CELLS, ROWS, WIDE = 400_000, 500, 90, 6, 9


def draw(run: vaekit.Run) -> Figure:
    """Where draws of the prior are dense, with codes of held-out digits; and what some become."""
    prior = keras.saving.load_model(run.path / "VAE_prior.keras", compile=False)
    noise = np.random.default_rng(0).standard_normal((DRAWS, 2)).astype("float32")
    draws = prior.predict(noise, batch_size=4096, verbose=0)
    images = run.held_out(limit=POINTS).images
    codes = run.latents(images.pixels)

    figure = plt.figure(figsize=(9.2, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    low, high = np.quantile(draws, (0.001, 0.999), axis=0)
    density, *edges = np.histogram2d(*draws.T, bins=CELLS, range=np.stack([low, high], 1))
    middles = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
    left.contourf(*middles, np.sqrt(density.T), levels=12, cmap="Greys")
    for label, (x, y) in zip(images.labels, codes, strict=True):
        colour = mpl.colormaps["tab10"](int(label))
        left.text(x, y, str(label), color=colour, fontsize=7, ha="center", va="center")
    left.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="z 1", ylabel="z 2")
    left.set_title("p(z) learned by maf (grey), and z of held-out digits", fontsize=10)

    samples = run.decode(draws[: ROWS * WIDE])[..., 0]
    side = samples.shape[1]
    table = samples.reshape(ROWS, WIDE, side, side).transpose(0, 2, 1, 3)
    right.imshow(table.reshape(ROWS * side, WIDE * side), cmap="gray_r", vmin=0, vmax=1)
    right.set_axis_off()
    right.set_title("digits of its draws", fontsize=10)
    return figure


if __name__ == "__main__":
    draw(vaekit.load(sys.argv[1])).savefig(OUT, dpi=72)
