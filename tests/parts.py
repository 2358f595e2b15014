"""Building what tests of the model and the engine work on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.engine import Program
from vaekit.model import VAE, build_vae, resolve_parts
from vaekit.plugins import discover


def make_vae(shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0, **config: Any) -> VAE:
    checked = TrainConfig.checked(config)
    parts = resolve_parts(checked, discover().registry)
    _, needs = parts.build_loss()
    return build_vae(
        parts,
        shape,
        latent_dim=checked.latent_dim,
        scale=needs.scale,
        seed=seed,
        precision=checked.precision,
    )


def make_program(
    shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0, rate: float = 5e-4, **config: Any
) -> Program:
    checked = TrainConfig.checked(config)
    parts = resolve_parts(checked, discover().registry)
    loss, needs = parts.build_loss()
    vae = make_vae(shape, seed, **config)
    return Program(vae, loss, needs, keras.optimizers.Adam(rate), seed=seed, loss_name="tested")


def some_images(count: int = 24, shape: tuple[int, int, int] = (8, 8, 1)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype="uint8")


def values(program: Program) -> list[np.ndarray]:
    return [np.array(v.numpy()) for v in program.state]
