"""Images of the latents in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from vaekit.errors import DataError, closest
from vaekit.image_files import refuse_unknown_images, write_images
from vaekit.untrusted.hdf5 import HDF5File
from vaekit.untrusted.reading import plain

_CHUNK = 1024
LABELS = "labels"  # as `encode` writes the numbers of the classes


class Decoder(Protocol):
    """A run, or a model file with a decoder."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of z."""
        ...

    @property
    def code_shape(self) -> tuple[int, ...] | None:
        """The shape of whole numbers by which z is looked up; None where there are none."""
        ...

    @property
    def point_names(self) -> Sequence[str]:
        """What the z to decode may be called in a file; the first that there is, is taken."""
        ...

    @property
    def takes_labels(self) -> bool:
        """Whether images are decoded by their class."""
        ...

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images."""
        ...

    def decode(
        self, z: np.ndarray, labels: np.ndarray | None = None, *, tile: int | None = None
    ) -> np.ndarray:
        """Images `(N, H, W, C)` of latents `(N, *latent_shape)` and, by class, labels `(N,)`.

        In the latents' place, whole numbers of `code_shape`. tile: places a side, of a map that is
        decoded in tiles.
        """
        ...


def decode_to_file(model: Decoder, latents: str, out: Path, tile: int | None = None) -> int:
    """Decode the latents or codes of an HDF5 file, and write the images as `write_images` does.

    latents: a path, whose dataset of the model's point is taken (of the default latent, `z_mean`,
    else `z`), or `path::name`. A model that goes by the class takes that from `labels` beside it.
    tile: as `Run.decode`'s.
    A chunk at a time, at constant memory. Gives how many there are.

    Raises `DataError` if there are no fitting latents or labels, `UserError` where the images have
    no place in `out`, `RunError` if it can't be written.
    """
    refuse_unknown_images(out)
    path, _, name = latents.partition("::")
    with HDF5File(path) as source:
        if not name:
            names = model.point_names
            name = next((each for each in names if each in source.datasets), names[0])
        shape, kinds = model.latent_shape, "fiu"
        if model.code_shape is not None and _is_code(source, name, model.code_shape):
            shape, kinds = model.code_shape, "iu"
        count = _count(source, name, shape, kinds)
        if model.takes_labels:
            _refuse_other_labels(source, count)
        images = _decoded(model, source, name, count, tile)
        write_images(out, images, (count, *model.image_shape))
    return count


def _decoded(
    model: Decoder, source: HDF5File, name: str, count: int, tile: int | None
) -> Iterator[np.ndarray]:
    for start in range(0, count, _CHUNK):
        z = source.read(name, start, start + _CHUNK)
        if not np.isfinite(z).all():
            raise DataError(f"{source.path}: latents {start} and on are not all finite.")
        labels = source.read(LABELS, start, start + _CHUNK) if model.takes_labels else None
        yield model.decode(z, labels, tile=tile)


def _is_code(file: HDF5File, name: str, shape: tuple[int, ...]) -> bool:
    """Whether the dataset `name` holds whole numbers of this shape."""
    dataset = file.datasets.get(name)
    return dataset is not None and dataset.dtype.kind in "iu" and dataset.shape[1:] == shape


def _count(file: HDF5File, name: str, shape: tuple[int, ...], kinds: str) -> int:
    """How many entries of this shape the dataset `name` holds; `kinds` as NumPy's dtypes have them.

    Raises `DataError` if it holds none that fit.
    """
    if name not in file.datasets:
        names = [key for key in file.datasets if plain(key) == key][:20]
        raise DataError(f"{file.path} has no dataset {name!r}. {closest(name, names)}")
    dataset = file.datasets[name]
    what = dataset.refusal or f"is {dataset.dtype} {dataset.shape}"
    fits = len(dataset.shape) == 1 + len(shape) and dataset.shape[1:] == shape
    if dataset.refusal or not fits or dataset.dtype.kind not in kinds:
        wanted = ", ".join(map(str, ("N", *shape)))
        numbers = "numbers" if "f" in kinds else "whole numbers"
        raise DataError(
            f"{file.path}::{name} must hold {numbers} of shape ({wanted}) here; it {what}."
        )
    return dataset.shape[0]


def _refuse_other_labels(file: HDF5File, count: int) -> None:
    """Raise `DataError` unless the file says the class of each latent."""
    if LABELS not in file.datasets:
        raise DataError(
            f"{file.path} has no dataset {LABELS!r}, and the model goes by the class of each "
            "latent: put the numbers of the classes beside them, as `vaekit encode` does."
        )
    labels = _count(file, LABELS, (), "iu")
    if labels != count:
        raise DataError(f"{file.path} holds {labels} {LABELS} of {count} latents.")
