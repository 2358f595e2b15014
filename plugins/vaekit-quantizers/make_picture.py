"""The README's picture: held-out digits, and what each quantiser makes of them in so many bits.

    python plugins/vaekit-quantizers/make_picture.py

trains a small model with each, some minutes in all, and writes `digits.png` beside this file.
"""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.figure import Figure

OUT = Path(__file__).parent / "digits.png"
DIGITS = 12
LATENTS: dict[str, tuple[int, dict[str, Any]]] = {
    "vq": (8, {"codes": 256}),
    "residual-vq": (8, {"codes": 16, "depth": 4}),
    "product-vq": (8, {"codes": 16, "groups": 2}),
    "fsq": (4, {"levels": [8, 5, 5, 5]}),
    "lfq": (10, {}),
    "gumbel-softmax": (2, {"classes": 16}),
}
COMMON = {
    **{"data": "mnist-sample", "loss": "elbo", "epochs": 6, "seed": 1, "batch_size": 32},
    **{"encoder_opt": {"width": 16}, "decoder_opt": {"width": 16}, "learning_rate": 2e-3},
    **{"figures": False, "progress": False},
}


def row(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Held-out digits, what a run makes of them, and what it is called."""
    latent_dim, options = LATENTS[name]
    run = vaekit.train(
        **COMMON, latent=name, latent_dim=latent_dim, latent_opt=options, out=str(folder / name)
    )
    images = run.held_out(limit=DIGITS).images.pixels
    law = run.model.prior_distribution()
    bits = law.noise_dim * math.log2(max(law.table.sizes))
    title = f"{name}: {bits:.0f} bits, {run.history[-1]['val_mse']:.4f}"
    return np.asarray(images), run.reconstruct(images), title


def draw(rows: list[tuple[np.ndarray, np.ndarray, str]]) -> Figure:
    """Originals above, then a row of each quantiser."""
    all_rows = [(rows[0][0] / rows[0][0].max(), "held-out digits"), *(r[1:] for r in rows)]
    figure, axes = plt.subplots(len(all_rows), 1, figsize=(7, 5.4), layout="constrained")
    for axis, (images, title) in zip(axes, all_rows, strict=True):
        axis.imshow(np.concatenate(list(images[..., 0]), axis=1), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(title, loc="left", fontsize=9, pad=2)
        axis.set_axis_off()
    return figure


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        draw([row(name, Path(folder)) for name in LATENTS]).savefig(OUT, dpi=80)
