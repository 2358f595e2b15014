"""Images that a decoder gave, written as one HDF5 file or as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import h5py
import numpy as np

from vaekit.atomic import fill_folder, write_whole
from vaekit.errors import UserError

_HDF5 = (".h5", ".hdf5")
_HEADERS = 16_384  # bytes: more than what HDF5 writes around one dataset
_COLOURS = (1, 3)  # channels that a PNG here may have


def refuse_unknown_images(out: Path) -> None:
    """Raise `UserError` unless images can be written here: HDF5, a PNG, or a new folder of PNGs."""
    if out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} holds files already. Choose a new folder for the pictures.")
    if not _is_folder(out) and out.suffix.lower() not in (*_HDF5, ".png"):
        raise UserError(
            f"{out} doesn't end as images that vaekit writes. End its name in .h5 or .hdf5, in "
            ".png for a single picture, or in none for a folder of pictures."
        )


def stored_as(out: Path) -> str:
    """How `write_images` keeps pixels under this name, for people."""
    return "float32" if _is_hdf5(out) else "PNG of 8 bits a channel"


def write_images(out: Path, images: Iterator[np.ndarray], shape: tuple[int, ...]) -> None:
    """Write images `(N, H, W, C)` in [0, 1], of this whole `shape`, to `out`.

    images: gives the next ones, `(n, H, W, C)`.
    out: an HDF5 file, whose dataset `images` they become, float32; a folder, where each is a PNG
        by its number; or a `.png`, for a single one. A PNG has 8 bits a channel: 0..1 as 0..255.

    Raises `UserError` for another ending, and for images that have no place in a PNG.
    """
    refuse_unknown_images(out)
    if _is_hdf5(out):
        room = 4 * math.prod(shape) + _HEADERS
        write_whole(out, lambda path: _write_hdf5(path, images, shape), room=room)
        return
    if shape[-1] not in _COLOURS:
        raise UserError(
            f"Images of {shape[-1]} channels are no pictures of grey or colour: end {out} in .h5."
        )
    if _is_folder(out):
        fill_folder(out, lambda folder: _write_pngs(folder, images, shape[0]))
    elif shape[0] != 1:
        raise UserError(
            f"{out} is one picture, and there are {shape[0]} latents. Name a folder instead: "
            f"{out.with_suffix('')}."
        )
    else:
        write_whole(out, lambda path: _write_png(path, next(images)[0]))


def _is_folder(out: Path) -> bool:
    return out.is_dir() or not out.suffix


def _is_hdf5(out: Path) -> bool:
    return out.suffix.lower() in _HDF5 and not _is_folder(out)


def _write_hdf5(path: Path, images: Iterator[np.ndarray], shape: tuple[int, ...]) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("images", shape, "float32")
        start = 0
        for part in images:
            dataset[start : start + len(part)] = part
            start += len(part)


def _write_pngs(folder: Path, images: Iterator[np.ndarray], count: int) -> None:
    digits = len(str(count - 1))
    each = (image for part in images for image in part)
    for number, image in enumerate(each):
        _write_png(folder / f"{number:0{digits}}.png", image)


def png_bytes(image: np.ndarray) -> bytes:
    """The content of a PNG of an image `(H, W, 1 or 3)` in [0, 1], of 8 bits a channel."""
    content = BytesIO()
    _write_png(content, image)
    return content.getvalue()


def _write_png(file: Path | IO[bytes], image: np.ndarray) -> None:
    from PIL import Image

    pixels = np.rint(np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
