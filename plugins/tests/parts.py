"""What the tests build on: tensors and arrays, small models, programs of a few steps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import vaekit
from keras import layers
from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, Program, compile_train
from vaekit.model import resolve_parts
from vaekit.plugins import discover

SHAPE = (8, 8, 1)
IMAGES = np.random.default_rng(0).random((64, *SHAPE), dtype="float32")


def tensor(values: Any) -> Any:
    return keras.ops.convert_to_tensor(np.asarray(values, "float32"))


def array(values: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(values), "float64")


def tiny_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """A map of 2x2, with what training moves by averages."""
    images = layers.Input(image_shape)
    x = layers.Conv2D(4, 3, strides=4, padding="same", activation="tanh")(images)
    return keras.Model(images, layers.BatchNormalization()(x))


def tiny_decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    z = layers.Input((latent_dim,))
    x = layers.Dense(int(np.prod(image_shape)))(layers.Dense(8, activation="tanh")(z))
    return keras.Model(z, layers.Reshape(image_shape)(x))


def tiny_map_decoder(
    latent_shape: tuple[int, ...], image_shape: tuple[int, int, int]
) -> keras.Model:
    z = layers.Input(latent_shape)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="tanh")(z)
    return keras.Model(z, layers.Conv2DTranspose(1, 3, strides=2, padding="same")(x))


vaekit.register_encoder("tiny", tiny_encoder)
vaekit.register_decoder("tiny", tiny_decoder)
vaekit.register_decoder("tiny-map", tiny_map_decoder)


def blueprint(*, compiled: bool = False, **config: Any) -> Blueprint:
    values = {"encoder": "tiny", "decoder": "tiny", "latent_dim": 4, "seed": 3, **config}
    checked = TrainConfig.checked(values)
    parts = resolve_parts(checked, discover().registry)
    return Blueprint(checked, parts, SHAPE, dataset_size=len(IMAGES), compiled=compiled)


def program(rate: float = 2e-3, **config: Any) -> Program:
    return blueprint(**config).program(optimizer=keras.optimizers.Adam(rate))


def values(of: Program) -> list[np.ndarray]:
    return [np.array(variable.numpy()) for variable in of.state]


def moves_by_part(**config: Any) -> dict[str, np.ndarray]:
    """How far each part's weights go in one step of a new program, flat."""
    made = program(**config)
    before = values(made)
    compile_train(made, IMAGES)(np.arange(8, dtype="int32")[None])
    moved = {
        id(variable): (now - then).ravel()
        for variable, then, now in zip(made.state, before, values(made), strict=True)
    }
    return {
        name: np.concatenate([moved[id(variable)] for variable in variables])
        for name, variables in made.vae.parts.items()
    }
