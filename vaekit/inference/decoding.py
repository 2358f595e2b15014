"""Images of the latents in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from vaekit.errors import DataError, closest
from vaekit.image_files import refuse_unknown_images, write_images
from vaekit.untrusted.hdf5 import HDF5File
from vaekit.untrusted.reading import plain

_CHUNK = 1024


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


def decode_to_file(model: Decoder, latents: str, out: Path) -> int:
    """Decode the latents of an HDF5 file, and write the images as `write_images` does.

    latents: a path, whose dataset `z_mean` is taken, or `path::name`.
    A chunk at a time, at constant memory. Gives how many there are.

    Raises `DataError` if there are no fitting latents, `UserError` where the images have no place
    in `out`, `RunError` if it can't be written.
    """
    refuse_unknown_images(out)
    path, _, name = latents.partition("::")
    name = name or "z_mean"
    with HDF5File(path) as source:
        count = _latents(source, name, model.latent_dim)
        write_images(out, _decoded(model, source, name, count), (count, *model.image_shape))
    return count


def _decoded(model: Decoder, source: HDF5File, name: str, count: int) -> Iterator[np.ndarray]:
    for start in range(0, count, _CHUNK):
        z = source.read(name, start, start + _CHUNK)
        if not np.isfinite(z).all():
            raise DataError(f"{source.path}: latents {start} and on are not all finite.")
        yield model.decode(z)


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
