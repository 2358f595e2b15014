"""A model file put to use: the encoder and the decoder in it, found by shapes and names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.data import Scale, check_labels, free_budget, load_data
from vaekit.distributions import Posterior
from vaekit.errors import DataError, ModelFileError
from vaekit.model import Condition, decoded_in_tiles, named_parameters, run_model
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
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of z, as the decoder takes it."""
        return tuple(self._decoder.inputs[0].shape[1:])

    @property
    def code_shape(self) -> None:
        """None: the codes of an image are looked up by a run alone."""
        return None

    @property
    def point_names(self) -> tuple[str, ...]:
        """What files of latents call the z to decode: `encode` writes `z` where no mean is it."""
        return ("z", "z_mean")

    @property
    def takes_labels(self) -> bool:
        """Whether the decoder goes by the class of an image."""
        return len(self._decoder.inputs) > 1

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images that the decoder gives."""
        return tuple(self._decoder.outputs[0].shape[1:])

    def posterior(self, images: Images) -> Any:
        """What the encoder tells of images as a `Dataset` holds them, by name, as `Run.encode`."""
        model, names = self._posterior
        classes = _checked(model, images.labels, len(images.pixels))
        return named_parameters(names, run_model(model, images.pixels, classes))

    def encoded(self, images: Images) -> dict[str, np.ndarray]:
        """The same, as a dict."""
        columns: dict[str, np.ndarray] = self.posterior(images)._asdict()
        return columns

    def decode(
        self, z: np.ndarray, labels: np.ndarray | None = None, *, tile: int | None = None
    ) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, *latent_shape)`.

        labels: the class of each, `(N,)`, for a decoder that goes by it. tile: as `Run.decode`'s.
        """
        if tile is not None:
            return decoded_in_tiles(self._decoder, np.asarray(z, "float32"), tile)
        classes = _checked(self._decoder, labels, len(z))
        (images,) = run_model(self._decoder, np.asarray(z, "float32"), classes)
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
        own_shape = tuple(self._posterior[0].inputs[0].shape[1:])
        if shape != own_shape:
            raise DataError(
                f"The encoder in {self.path} works on {'x'.join(map(str, own_shape))} images, and "
                f"these are {'x'.join(map(str, shape))}. Give images of its shape."
            )
        return dataset

    @cached_property
    def _posterior(self) -> tuple[Any, tuple[str, ...]]:
        """Images -> what is told of their latents, and the names of that."""
        for model in self._models:
            parameters = _parameters(model)
            if parameters and len(model.inputs[0].shape) == 4 and _serves(model):
                return keras.Model(model.input, list(parameters.values())), tuple(parameters)
        raise ModelFileError(
            f"{self.path} holds no encoder: no model from images to a mean and a log-variance. "
            "Give the file of the encoder; of a run, VAE_posterior.keras."
        )

    @cached_property
    def _decoder(self) -> Any:
        """Latents -> images. Maps are latents where the model is named a decoder."""
        for model in self._models:
            ranks = [len(end.shape) for end in (model.inputs[0], *model.outputs)]
            from_map = ranks == [4, 4] and "decoder" in model.name.lower()
            if (ranks == [2, 4] or from_map) and _serves(model):
                return model
        raise ModelFileError(
            f"{self.path} holds no decoder: no model from latents to images. Give the file of the "
            "decoder."
        )


def _serves(model: Any) -> bool:
    """Whether a model takes values alone, or values and labels `(B, 1)` that it embeds."""
    if len(model.inputs) == 1:
        return True
    labels = model.inputs[-1]
    whole = str(labels.dtype).startswith("int")
    by_class = whole and tuple(labels.shape[1:]) == (1,) and _classes(model) > 0
    return len(model.inputs) == 2 and by_class


def _classes(model: Any) -> int:
    """How many classes a model that takes labels tells apart; 0 where nothing says so."""
    return min((each.input_dim for each in _embeddings(model)), default=0)


def _embeddings(model: Any) -> Iterator[Any]:
    for inner in _models(model):
        yield from (layer for layer in inner.layers if isinstance(layer, keras.layers.Embedding))


def _checked(model: Any, labels: np.ndarray | None, count: int) -> np.ndarray | None:
    """Labels as a model takes them, `(count,)`; None for one that takes none."""
    if len(model.inputs) == 1:
        return None
    numbers = None if labels is None else check_labels(labels, count, "Labels")
    return Condition(_classes(model), "embedded").checked(numbers)


def _models(model: Any) -> Iterator[Any]:
    """A model, then the models within it."""
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _models(layer)


def _parameters(model: Any) -> dict[str, Any] | None:
    """The tensors that an encoder tells of, by their names; None where there are none."""
    if isinstance(model.output, dict):
        return dict(model.output)
    heads = _heads(model)
    return None if heads is None else dict(zip(Posterior._fields, heads, strict=True))


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
