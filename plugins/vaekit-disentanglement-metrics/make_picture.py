"""The README's picture: what each metric says of representations that are known.

    python plugins/vaekit-disentanglement-metrics/make_picture.py

draws factors as `shapes` does, makes z of them, and writes `scores.png` beside this file.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import vaekit
from matplotlib.figure import Figure
from vaekit_disentanglement_metrics.beta_vae_score import beta_vae_score
from vaekit_disentanglement_metrics.dci import dci
from vaekit_disentanglement_metrics.factor_vae_score import factor_vae_score
from vaekit_disentanglement_metrics.irs import irs
from vaekit_disentanglement_metrics.mig import mig
from vaekit_disentanglement_metrics.modularity import modularity
from vaekit_disentanglement_metrics.sap import sap

OUT = Path(__file__).parent / "scores.png"
FACTORS = {"shape": 3, "size": 6, "angle": 40, "x": 32, "y": 32}
IMAGES = 10_000
METRICS = (mig, sap, dci, modularity, factor_vae_score, beta_vae_score, irs)


class KnownPoints:
    """A model that gives each image a z that is known."""

    def __init__(self, z: np.ndarray) -> None:
        self._z = z

    def points(self, images: vaekit.Images) -> np.ndarray:
        return self._z


def representations(factors: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Values of z `(N, D)` by what they are."""
    own = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    turned = own.copy()
    turned[:, 3], turned[:, 4] = own[:, 3] - own[:, 4], own[:, 3] + own[:, 4]
    mixed = own @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    return {
        "a value for each factor": own,
        "with noise": own + rng.normal(scale=0.3, size=own.shape),
        "every value twice": np.hstack([own, own]),
        "x and y turned by 45°": turned,
        "all factors mixed": mixed,
        "noise alone": rng.normal(size=own.shape),
        "constants": np.zeros_like(own),
    }


def scores(factors: np.ndarray, z: np.ndarray) -> dict[str, float]:
    """Every score of a representation, by its name."""
    images = vaekit.Images(np.zeros((len(factors), 8, 8, 1), "uint8"), factors=factors)
    measurement = vaekit.Measurement(KnownPoints(z), images, lambda: images, factors=FACTORS)
    figures = {name: e for make in METRICS for name, e in make()(measurement).items()}
    return {name: e.value for name, e in figures.items() if isinstance(e.value, float)}


def draw() -> Figure:
    """A row for each representation, a column for each score."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, list(FACTORS.values()), (IMAGES, len(FACTORS)))
    rows = {name: scores(factors, z) for name, z in representations(factors, rng).items()}
    names = list(next(iter(rows.values())))
    table = np.array([[row[name] for name in names] for row in rows.values()])
    figure, axis = plt.subplots(figsize=(10.5, 4.2), layout="constrained")
    axis.imshow(table, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=10)
    words = [name.replace("dci_", "DCI_").replace("disentangle", "disentangle-_") for name in names]
    axis.set_xticks(range(len(names)), [word.replace("_", "\n") for word in words], fontsize=8)
    axis.set_yticks(range(len(rows)), rows)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


if __name__ == "__main__":
    draw().savefig(OUT, dpi=75)
