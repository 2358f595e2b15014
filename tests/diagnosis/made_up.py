"""Evidence that is made up: a history, a config and a look, of a run that was never trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import vaekit
from vaekit.diagnosis import Evidence, Look
from vaekit.loss import needs_of
from vaekit.model import resolve_parts
from vaekit.options import options_of
from vaekit.plugins import discover
from vaekit.types import Images

SHAPE = (8, 8, 1)
PIXELS = 64


class MadeUpModel:
    """What a look sees of a model: scores that follow from `kl`, and codes that are given."""

    def __init__(
        self,
        *,
        weight: float = 1.0,
        kl: np.ndarray | None = None,
        z: np.ndarray | None = None,
        prior: np.ndarray | None = None,
        reach: float = 1.0,
        losses: tuple[float, float] = (1.0, 1.0),
        gap: float | None = 0.5,
    ) -> None:
        draws = np.random.default_rng(0)
        self.kl = draws.uniform(5.0, 9.0, 200) if kl is None else kl
        self.distortion = draws.uniform(50.0, 90.0, len(self.kl))
        self.z = draws.standard_normal((1000, 4)) if z is None else z
        self.prior = draws.standard_normal((1000, 4)) if prior is None else prior
        self.weight, self.reach, self.losses, self.gap = weight, reach, losses, gap

    def score(self, images: Images) -> Mapping[str, np.ndarray]:
        return {
            "loss": self.distortion + self.weight * self.kl,
            "reconstruction": self.distortion,
            "weighted_kl": self.weight * self.kl,
            "kl": self.kl,
            "elbo": -self.distortion - self.kl,
            "mse": np.ones_like(self.kl),
        }

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        images = np.zeros((len(z), *SHAPE))
        images[::2] = self.reach
        return images

    def posterior_draws(self, images: Images) -> np.ndarray:
        return self.z

    def prior_draws(self, count: int) -> np.ndarray | None:
        return self.prior

    def amortisation_gap(self, images: Images) -> float | None:
        return self.gap

    def loss_with_renewed_averages(self, images: Images, training: Images) -> tuple[float, float]:
        return self.losses


def some_images(count: int = 300, seed: int = 0) -> Images:
    return Images(np.random.default_rng(seed).random((count, *SHAPE)).astype("float32"))


def look(
    model: MadeUpModel | None = None, training: Images | None = None, held_out: Images | None = None
) -> Look:
    return Look(
        model or MadeUpModel(),
        some_images() if training is None else training,
        some_images(seed=1) if held_out is None else held_out,
    )


def history(
    losses: Sequence[float],
    held_out: Sequence[float] | None = None,
    *,
    units: Sequence[float] = (2.0, 2.0, 2.0, 2.0),
    **columns: float,
) -> list[dict[str, float]]:
    """A row an epoch, with -loss as its ELBO, the same KL in each, and other columns."""
    rows = []
    for epoch, (loss, val_loss) in enumerate(zip(losses, held_out or losses, strict=True), start=1):
        row = {"epoch": epoch, "loss": loss, "val_loss": val_loss}
        row |= {"elbo": -loss, "val_elbo": -val_loss, "val_kl": sum(units), "val_mse": 0.02}
        rows.append({**row, **{f"val_kl_dim_{n}": u for n, u in enumerate(units)}, **columns})
    return rows


# Each epoch leaves half of what was left: after ten, a thousandth.
HEALTHY = [100.0 + 100.0 * 0.5**epoch for epoch in range(10)]


def evidence(
    rows: list[dict[str, float]] | None = None,
    *,
    look: Look | None = None,
    kernels: Sequence[tuple[int, ...]] = ((3, 3, 64, 64),),
    latent: Any = None,
    training_images: int = 1000,
    others: Mapping[str, Any] | None = None,
    **config: Any,
) -> Evidence:
    """A healthy run's, but for what is given. config: fields of `vaekit.TrainConfig`."""
    rows = history(HEALTHY) if rows is None else rows
    asked = vaekit.TrainConfig.checked({"loss": "elbo", "latent_dim": 4, **config})
    parts = resolve_parts(asked, discover().registry)
    options = {f"{kind}_opt": part.options for kind, part in parts.items()}
    loss = parts["loss"].component.load()(**parts["loss"].options)
    return Evidence(
        config=asked.model_copy(update=options),
        image_shape=SHAPE,
        training_images=training_images,
        rows=rows,
        kept_epoch=len(rows),
        needs=needs_of(loss, asked.loss),
        latent=vaekit.NormalLatent(4) if latent is None else latent,
        options={kind: options_of(part.component) for kind, part in parts.items()},
        kernels=kernels,
        look=look,
        **(others or {}),
    )
