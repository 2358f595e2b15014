"""What a user and a plugin author write, for `mypy --strict`; it isn't run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import vaekit


def backbone(image_shape: tuple[int, int, int], *, units: int = 128) -> Any:
    """One hidden layer."""


class SquaredError(vaekit.Loss):
    """The squared error, and the KL as it is."""

    scale = "mean"
    likelihood = vaekit.distributions.Bernoulli()

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        z_mean: Any = output.posterior.z_mean
        return {"reconstruction": (x - output.reconstruction) ** 2, "size": z_mean**2}


def noise(*, count: int = 64) -> vaekit.Dataset:
    """Noise, as a data set."""
    pixels = np.zeros((count, 8, 8, 1), "uint8")
    return vaekit.Dataset("noise", train=vaekit.Images(pixels), classes=("none",))


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    register("mine", backbone, summary="One hidden layer.")


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    register("squared-error", "my_package.losses:SquaredError")


vaekit.register_encoder("mine", backbone)
vaekit.register_loss("squared-error", SquaredError, summary="The squared error.")
vaekit.register_dataset("noise", noise)

trained: vaekit.Run = vaekit.train(encoder="mine", data="digits", epochs=2, out="run")
resumed: vaekit.Run = vaekit.resume(Path("run"), epochs=3, allow_change=("machine",))
run: vaekit.Run = vaekit.load("run")
images: vaekit.Images = vaekit.load_data("digits").train
posterior: vaekit.Posterior = run.encode(images.pixels[:8])
rebuilt: np.ndarray[Any, Any] = run.decode(posterior.z_mean)
elbo: float = run.evaluate()["elbo"]
last: dict[str, float] = run.history[-1]
size: int = run.latent_dim
version: str = vaekit.__version__
try:
    vaekit.load_plugin("mine.py")
except vaekit.PluginError as error:
    code: int = error.exit_code
