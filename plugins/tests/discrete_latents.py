"""The discrete latents, each small, and models of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import vaekit
from vaekit.plugins import discover

# latent_dim and options.
FAMILY: dict[str, tuple[int, dict[str, Any]]] = {
    "vq": (3, {"codes": 5}),
    "vq by gradient, cosine, rotation": (
        3,
        {"codes": 5, "update": "gradient", "similarity": "cosine", "gradient": "rotation"},
    ),
    "residual-vq": (3, {"codes": 5, "depth": 3}),
    "residual-vq, shared": (3, {"codes": 5, "depth": 3, "shared": True}),
    "product-vq": (4, {"codes": 5, "groups": 2}),
    "fsq": (4, {"levels": (8, 5, 5, 5)}),
    "residual-fsq": (3, {"levels": (3, 2, 3), "depth": 2}),
    "lfq": (5, {}),
    "gumbel-softmax": (3, {"classes": 4}),
}


def made(name: str, **options: Any) -> vaekit.Latent:
    """The latent of a row, or of its name with other options."""
    latent_dim, its_own = FAMILY[name]
    factory = discover().registry.get("latent", name.split()[0].rstrip(",")).load()
    return factory(latent_dim, **{**its_own, **options})


def on(latent: vaekit.Latent, features: tuple[int, ...]) -> tuple[keras.Model, list[str]]:
    """A model from features to its parameters, point and indices; the parameters' names."""
    inputs = keras.Input(features)
    parameters = latent.heads(inputs)
    outputs = [*parameters.values(), latent.point(parameters), latent.encoded(parameters)["code"]]
    return keras.Model(inputs, outputs), list(parameters)


def given(
    latent: vaekit.Latent, *, training: bool = False, seed: int = 2, lead: tuple[int, ...] = ()
) -> vaekit.Given:
    generator = keras.random.SeedGenerator(seed)
    return vaekit.Given(generator, lead, training, latent.own_prior(), lambda images: {})


def features_of(shape: tuple[int, ...], count: int = 6, spread: float = 2.0) -> np.ndarray:
    return np.random.default_rng(1).normal(scale=spread, size=(count, *shape)).astype("float32")
