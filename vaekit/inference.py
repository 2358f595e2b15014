"""What a model makes of data beyond one array: latents and images file to file, and paths in z."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np

from vaekit.atomic import write_whole
from vaekit.distributions import Posterior
from vaekit.errors import DataError, UserError, closest
from vaekit.run import Run
from vaekit.types import Dataset, Images
from vaekit.untrusted.hdf5 import HDF5File
from vaekit.untrusted.reading import plain
from vaekit.wording import option_text

_CHUNK = 1024
_HEADERS = 16_384  # more than what HDF5 writes around a few datasets


class Encoder(Protocol):
    """A run, or a model file with an encoder."""

    @property
    def latent_dim(self) -> int:
        """The length of z."""
        ...

    def posterior(self, pixels: np.ndarray) -> Posterior:
        """q(z|x) of pixels as a `Dataset` holds them."""
        ...


class Decoder(Protocol):
    """A run, or a model file with a decoder."""

    @property
    def latent_dim(self) -> int:
        """The length of z."""
        ...

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images."""
        ...

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, latent_dim)`."""
        ...


def encode_to_file(model: Encoder, parts: Sequence[Images], out: Path) -> int:
    """Write `z_mean`, `z_log_var` `(N, latent_dim)` and, if all have some, `labels` to HDF5.

    parts: the images, part after part. Goes a chunk at a time, at constant memory. Gives N.

    Raises `RunError` if `out` can't be written.
    """
    count, latent_dim = sum(len(part.pixels) for part in parts), model.latent_dim
    labelled = all(part.labels is not None for part in parts)

    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            targets = [
                file.create_dataset(name, (count, latent_dim), "float32")
                for name in ("z_mean", "z_log_var")
            ]
            labels = file.create_dataset("labels", (count,), "int64") if labelled else None
            at = 0
            for part in parts:
                for start in range(0, len(part.pixels), _CHUNK):
                    posterior = model.posterior(part.pixels[start : start + _CHUNK])
                    rows = slice(at, at + len(posterior.z_mean))
                    for target, values in zip(targets, posterior, strict=True):
                        target[rows] = values
                    if labels is not None and part.labels is not None:
                        labels[rows] = part.labels[start : start + _CHUNK]
                    at = rows.stop

    write_whole(out, write, room=count * (8 * latent_dim + 8) + _HEADERS)
    return count


def decode_to_file(model: Decoder, latents: str, out: Path) -> int:
    """Decode the latents of an HDF5 file into `images` `(N, H, W, C)`, float32, of another.

    latents: a path, whose dataset `z_mean` is taken, or `path::name`.
    A chunk at a time, at constant memory. Gives N.

    Raises `DataError` if there are no fitting latents, `RunError` if `out` can't be written.
    """
    path, _, name = latents.partition("::")
    name = name or "z_mean"
    with HDF5File(path) as source:
        count = _latents(source, name, model.latent_dim)

        def write(target: Path) -> None:
            with h5py.File(target, "w") as file:
                images = file.create_dataset("images", (count, *model.image_shape), "float32")
                for start in range(0, count, _CHUNK):
                    part = source.read(name, start, start + _CHUNK)
                    if not np.isfinite(part).all():
                        raise DataError(f"{path}: latents {start} and on are not all finite.")
                    images[start : start + _CHUNK] = model.decode(part)

        write_whole(out, write, room=4 * count * math.prod(model.image_shape) + _HEADERS)
    return count


def interpolate(run: Run, pixels: np.ndarray, steps: int) -> np.ndarray:
    """Images on the straight line in z from each image to the next, `(N - 1, steps, H, W, C)`.

    Both ends are reconstructions. Raises `UserError` for fewer than two images or steps.
    """
    if len(pixels) < 2 or steps < 2:
        raise UserError("An interpolation needs at least two images and two steps.")
    means = run.posterior(pixels).z_mean
    share = np.linspace(0.0, 1.0, steps)[None, :, None]
    z = means[:-1, None] * (1.0 - share) + means[1:, None] * share
    return run.decode(z.reshape(-1, run.model.latent_dim)).reshape(
        len(pixels) - 1, steps, *run.model.image_shape
    )


def images_of(dataset: Dataset, split: str) -> list[Images]:
    """The `train` or `test` images of a source, or `all`: training images first.

    Raises `DataError` if there is no test set where one is asked for.
    """
    if split == "test" and dataset.test is None:
        raise DataError(
            f"{dataset.source} has no test set; ask for {option_text('split', 'train')}."
        )
    test = [] if dataset.test is None else [dataset.test]
    return {"train": [dataset.train], "test": test}.get(split, [dataset.train, *test])


def _latents(file: HDF5File, name: str, latent_dim: int) -> int:
    """How many latents the dataset `name` holds. Raises `DataError` if it holds none that fit."""
    if name not in file.datasets:
        names = [key for key in file.datasets if plain(key) == key][:20]
        raise DataError(f"{file.path} has no dataset {name!r}. {closest(name, names)}")
    dataset = file.datasets[name]
    what = dataset.refusal or f"is {dataset.dtype} {dataset.shape}"
    if dataset.refusal or dataset.shape[1:] != (latent_dim,) or dataset.dtype.kind not in "fiu":
        raise DataError(
            f"{file.path}::{name} must hold numbers of shape (N, {latent_dim}) here; it {what}."
        )
    return dataset.shape[0]
