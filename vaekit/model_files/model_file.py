"""A model file put to use: the encoder and the decoder in it, found by shapes and names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.data import Scale, free_budget, load_data
from vaekit.distributions import Posterior
from vaekit.errors import DataError, ModelFileError
from vaekit.model import run_model
from vaekit.model_files.files import load_model
from vaekit.stock_layers import HALF, ZEROS
from vaekit.types import Dataset, Images

_HEADS = (  # what others call the layers of the posterior
    ("encoder_mu", "encoder_log_variance"),
    ("z_mean", "z_log_var"),
    ("mu", "log_variance"),
    ("mu", "log_var"),
)


class ModelFile:
    """A `.keras` or `.h5` file with an encoder, a decoder, or both in one model.

    trust: see `load_model`. scale: which value of each type of images is white, as a run's record
    says; the file itself doesn't, so without one each type has its whole range.

    Raises `ModelFileError` for a file that is refused or damaged; so do the methods where the file
    doesn't hold what they need.
    """

    def __init__(
        self, path: str | PathLike[str], *, trust: bool = False, scale: Scale | None = None
    ) -> None:
        self.path = Path(path)
        self._scale = scale or {}
        self._models = list(_models(load_model(path, trust=trust)))

    @property
    def latent_dim(self) -> int:
        """The length of z."""
        try:
            return int(self._posterior.outputs[0].shape[1])
        except ModelFileError:
            return int(self._decoder.inputs[0].shape[1])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images that the decoder gives."""
        return tuple(self._decoder.outputs[0].shape[1:])

    def posterior(self, images: Images) -> Posterior:
        """q(z|x) of images as a `Dataset` holds them."""
        return Posterior(*run_model(self._posterior, images.pixels))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, latent_dim)`."""
        (images,) = run_model(self._decoder, np.asarray(z, "float32"))
        return images

    def dataset(self, data: Any, *, skip_bad: bool = False, progress: bool = False) -> Dataset:
        """A data source, whose images must have the shape that the encoder takes.

        skip_bad, progress: as for `vaekit.load_data`.

        Raises `DataError` if they don't.
        """
        dataset = load_data(
            data, skip_bad=skip_bad, budget=free_budget(), scale=self._scale, progress=progress
        )
        shape = dataset.train.pixels.shape[1:]
        own_shape = tuple(self._posterior.inputs[0].shape[1:])
        if shape != own_shape:
            raise DataError(
                f"The encoder in {self.path} works on {'x'.join(map(str, own_shape))} images, and "
                f"these are {'x'.join(map(str, shape))}. Give images of its shape."
            )
        return dataset

    @cached_property
    def _posterior(self) -> Any:
        """Images -> z_mean, z_log_var."""
        for model in self._models:
            heads = _heads(model)
            if heads is not None and len(model.inputs[0].shape) == 4:
                return keras.Model(model.inputs[0], list(heads))
        raise ModelFileError(
            f"{self.path} holds no encoder: no model from images to a mean and a log-variance. "
            "Give the file of the encoder."
        )

    @cached_property
    def _decoder(self) -> Any:
        """Latents -> images."""
        for model in self._models:
            ends = [*model.inputs, *model.outputs]
            if [len(end.shape) for end in ends] == [2, 4]:
                return model
        raise ModelFileError(
            f"{self.path} holds no decoder: no model from latents to images. Give the file of the "
            "decoder."
        )


def _models(model: Any) -> Iterator[Any]:
    """A model, then the models within it."""
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _models(layer)


def _heads(model: Any) -> tuple[Any, Any] | None:
    """The tensors z_mean and z_log_var of an encoder; None where there are none."""
    layers = {layer.name: layer for layer in model.layers}
    means = [layer.input for name, layer in layers.items() if name.endswith(ZEROS)]
    spreads = [layer.input for name, layer in layers.items() if name.endswith(HALF)]
    if len(means) == len(spreads) == 1:
        return means[0], spreads[0]
    for mean, spread in _HEADS:
        if mean in layers and spread in layers:
            return layers[mean].output, layers[spread].output
    shapes = [tuple(output.shape) for output in model.outputs]
    if len(shapes) == 2 and shapes[0] == shapes[1] and len(shapes[0]) == 2:
        return model.outputs[0], model.outputs[1]
    return None
