"""Building what tests of the model and the engine work on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.engine import Program
from vaekit.model import VAE, resolve_parts
from vaekit.plugins import discover
from vaekit.testing.training import Setting


def setting(shape: tuple[int, int, int], seed: int, config: dict[str, Any]) -> Setting:
    checked = TrainConfig.checked(config)
    parts = resolve_parts(checked, discover().registry)
    return Setting(parts, shape, checked.latent_dim, seed, checked.precision)


def make_vae(shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0, **config: Any) -> VAE:
    chosen = setting(shape, seed, config)
    _, needs = chosen.parts.build_loss()
    return chosen.vae(needs.scale)


def make_program(
    shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0, rate: float = 5e-4, **config: Any
) -> Program:
    kernels = config.get("kernels", "fused")
    return setting(shape, seed, config).program(keras.optimizers.Adam(rate), kernels)


def some_images(count: int = 24, shape: tuple[int, int, int] = (8, 8, 1)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype="uint8")


def values(program: Program) -> list[np.ndarray]:
    return [np.array(v.numpy()) for v in program.state]
