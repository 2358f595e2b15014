"""The README's picture: to which code each point of a plane goes, for each quantiser.

    python plugins/vaekit-quantizers/make_picture.py

fits the codebooks to points of two half moons and writes `cells.png` beside this file.
"""

from __future__ import annotations

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from vaekit_quantizers.fsq import fsq
from vaekit_quantizers.lfq import lfq
from vaekit_quantizers.product import product_vq
from vaekit_quantizers.quantized import QuantizedLatent
from vaekit_quantizers.residual_latents import residual_fsq, residual_vq
from vaekit_quantizers.vq import vq

OUT = Path(__file__).parent / "cells.png"
STEPS, BATCH, SIDE = 150, 256, 240
BOOKS = {"decay": 0.9, "kmeans": 10}


def moons(count: int, rng: np.random.Generator) -> np.ndarray:
    """Points `(count, 2)` of two half circles that reach into each other, from -1 to 1."""
    angle, upper = np.pi * rng.random(count), rng.random(count) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
    points = np.stack([x / 1.7, y / 1.1], -1) + rng.normal(scale=0.06, size=(count, 2))
    return np.clip(points, -0.999, 0.999).astype("float32")


def cells(latent: QuantizedLatent, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The code of each point of the square, as one number, `(SIDE, SIDE)`; the codes `(K, 2)`."""
    quantizer, seed = latent.quantizer, keras.random.SeedGenerator(0)
    for _ in range(STEPS):
        quantizer.quantize(ops.convert_to_tensor(moons(BATCH, rng)[None]), seed, training=True)
    ticks = np.linspace(-1, 1, SIDE, dtype="float32")
    square = np.stack(np.meshgrid(ticks, ticks), -1).reshape(1, -1, 2)
    out = quantizer.quantize(ops.convert_to_tensor(square), seed)
    index = np.ravel_multi_index(np.moveaxis(np.asarray(out.index)[0], -1, 0), quantizer.sizes)
    return index.reshape(SIDE, SIDE), np.unique(np.asarray(out.z)[0].round(4), axis=0)


def draw() -> Figure:
    """A panel for each quantiser: cells, codes and the points that codebooks follow."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    panels = {
        "vq, 16 codes": vq(2, codes=16, **BOOKS),
        "residual-vq, 4 and 4": residual_vq(2, codes=4, depth=2, **BOOKS),
        "product-vq, 4 and 4": product_vq(2, codes=4, groups=2, **BOOKS),
        "fsq, levels 5,3": fsq(2, levels=(5, 3)),
        "residual-fsq, levels 3, twice": residual_fsq(2, levels=(3,), depth=2),
        "lfq": lfq(2),
    }
    colours = ListedColormap(plt.get_cmap("Pastel1")(np.arange(256) % 9))
    points = moons(400, rng)
    figure, axes = plt.subplots(2, 3, figsize=(8, 5.6), layout="constrained")
    for axis, (title, latent) in zip(axes.flat, panels.items(), strict=True):
        index, codes = cells(latent, rng)
        shuffled = np.random.default_rng(1).permutation(256)[index]
        shown = {"extent": (-1, 1, -1, 1), "origin": "lower", "interpolation": "nearest"}
        axis.imshow(shuffled, cmap=colours, vmin=0, vmax=255, **shown)
        axis.scatter(*points.T, s=2, c="0.55", linewidths=0)
        axis.scatter(*codes.T, s=22, c="black", linewidths=0, clip_on=False)
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    return figure


if __name__ == "__main__":
    draw().savefig(OUT, dpi=75)
