"""Building what tests of the model and the engine work on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.small_nets import SMALL_NETS
from vaekit.config import TrainConfig
from vaekit.default_plugins.latents.normal import normal
from vaekit.engine import Blueprint, Program
from vaekit.model import VAE, resolve_parts
from vaekit.plugins import discover


def blueprint(shape: tuple[int, int, int], seed: int, config: dict[str, Any]) -> Blueprint:
    checked = TrainConfig.checked({**config, "seed": seed})
    parts = resolve_parts(checked, discover().registry)
    return Blueprint(checked, parts, shape, dataset_size=24)


def make_vae(shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0, **config: Any) -> VAE:
    return blueprint(shape, seed, config).build().vae


def vae_of(encoder: keras.Model, decoder: keras.Model, *, scale: str = "mean") -> VAE:
    """A VAE of these nets and two independent normal latents."""
    latent = normal(2)
    prior = latent.default_prior()
    return VAE(encoder, decoder, latent=latent, prior=prior, scale=scale)


def make_program(
    shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0, rate: float = 5e-4, **config: Any
) -> Program:
    """A program of small nets, unless `config` names others."""
    config = {**SMALL_NETS, **config}
    return blueprint(shape, seed, config).program(optimizer=keras.optimizers.Adam(rate))


def some_images(count: int = 24, shape: tuple[int, int, int] = (8, 8, 1)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype="uint8")


def values(program: Program) -> list[np.ndarray]:
    return [np.array(v.numpy()) for v in program.state]
