"""The README's picture: the upper groups of a ladder kept, and those below them drawn anew.

    vaekit train --latent ladder --latent-dim 12 --latent-opt groups=3 --loss elbo \\
        --data mnist-sample --encoder-opt width=16 --decoder-opt width=16 --epochs 8 --out run
    python plugins/vaekit-hierarchy/make_picture.py run

Writes `groups.png` beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.figure import Figure

OUT = Path(__file__).parent / "groups.png"
GROUPS, ROWS, WIDE = 3, 5, 7


def draw(run: vaekit.Run) -> Figure:
    """A panel for each number of groups that each row keeps."""
    prior = keras.saving.load_model(run.path / "VAE_prior.keras", compile=False)
    size = prior.input_shape[-1]
    rng = np.random.default_rng(1)
    kept = rng.standard_normal((ROWS, 1, size)).astype("float32")
    anew = rng.standard_normal((ROWS, WIDE, size)).astype("float32")
    figure = plt.figure(figsize=(9.2, 2.6), layout="constrained")
    titles = ("all groups drawn anew", "z 1 of each row kept", "z 1 and z 2 of each row kept")
    for number, (axes, title) in enumerate(zip(figure.subplots(1, GROUPS), titles, strict=True)):
        # Groups are made of their own values of noise, the uppermost of the first.
        noise = np.where(np.arange(size) < number * size // GROUPS, kept, anew)
        images = run.decode(prior.predict(noise.reshape(-1, size), verbose=0))[..., 0]
        side = images.shape[1]
        table = images.reshape(ROWS, WIDE, side, side).transpose(0, 2, 1, 3)
        axes.imshow(table.reshape(ROWS * side, WIDE * side), cmap="gray_r", vmin=0, vmax=1)
        axes.set_axis_off()
        axes.set_title(title, fontsize=10)
    return figure


if __name__ == "__main__":
    draw(vaekit.load(sys.argv[1])).savefig(OUT, dpi=72)
