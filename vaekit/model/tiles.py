"""Latent maps decoded in tiles: the same images, with the memory of one tile.

A tile is decoded with a margin of the places beside it, as far as a place reaches in the image, and
what the margin gives is cut off. So no seam is left, where VAEs of large images blend overlapping
tiles (as `enable_vae_tiling` of diffusers does). It takes a decoder that makes every place of an
image of the places near it, alike everywhere; whether it does is tried, not read from its layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from vaekit.errors import UserError
from vaekit.model.prediction import predict_on_batch
from vaekit.startup import refuse_fork

# Between a decoder's images and those of its tiles, of the greatest value: float32 in other orders.
TOLERANCE = 1e-4


class _Window(NamedTuple):
    """Along one side, in places: what is decoded together, and what of it is kept."""

    start: int
    first: int
    last: int


def decoded_in_tiles(decoder: keras.Model, z: np.ndarray, tile: int) -> np.ndarray:
    """Images `(N, H, W, C)`, float32, of maps `(N, h, w, D)`, one image and tile at a time.

    tile: places a side that are decoded together, beside their margin.

    Raises `UserError` where z is no map, and where the decoder's tiles would not be its images.
    """
    refuse_fork()
    shape = tuple(decoder.inputs[0].shape[1:])
    if tile < 1:
        raise UserError(f"A tile has at least 1 place a side, not {tile}.")
    if len(decoder.inputs) > 1 or len(shape) != 3:
        raise UserError(
            "Only a map of latents can be decoded in tiles, and without classes: leave the tile "
            "out."
        )
    scale = _scale(decoder)
    margin = _reach(decoder, scale)
    sizes = [min(side, tile + 2 * margin) for side in shape[:2]]
    window = _of_size(decoder, sizes)
    _refuse_other_images(decoder, window, sizes, margin, tile)
    return _joined(window, z, sizes, margin, tile, scale)


def _scale(decoder: keras.Model) -> int:
    """Pixels a place, alike in height and width."""
    small, large = decoder.inputs[0].shape[1:3], decoder.outputs[0].shape[1:3]
    scale = int(large[0]) // int(small[0])
    if any(size * scale != pixels for size, pixels in zip(small, large, strict=True)):
        raise UserError(
            f"The decoder makes {large[0]}x{large[1]} pixels of {small[0]}x{small[1]} places, no "
            "whole number each: it can't be decoded in tiles."
        )
    return scale


def _of_size(decoder: keras.Model, sizes: list[int]) -> keras.Model:
    """The decoder, with its weights, for maps of other sizes."""
    z = keras.Input((*sizes, decoder.inputs[0].shape[-1]), name="tile")
    try:
        model = keras.models.clone_model(decoder, z, clone_function=lambda layer: layer)
        pixels = tuple(model.outputs[0].shape[1:])
    except Exception as error:  # whatever layers raise that know their size
        raise _refused("it is made for one size of maps") from error
    scale = _scale(decoder)
    if pixels[:2] != tuple(size * scale for size in sizes):
        raise _refused("it is made for one size of maps")
    return model


def _reach(decoder: keras.Model, scale: int) -> int:
    """How many places beside its own a place changes, by what it changes in a small map."""
    side = 8
    most = max(decoder.inputs[0].shape[1:3])
    random = np.random.default_rng(0)
    while True:
        small = _of_size(decoder, [2 * side + 1] * 2)
        changed = np.zeros([(2 * side + 1) * scale] * 2, bool)
        # Activations hide some changes: others show them.
        for _ in range(4):
            z = random.normal(size=(1, *small.inputs[0].shape[1:])).astype("float32")
            other = z.copy()
            other[:, side, side] += 10 * random.normal(size=z.shape[-1])
            changed |= np.any(_called(small, z) != _called(small, other), axis=(0, -1))
        where = np.flatnonzero(changed.any(0) | changed.any(1))
        before, after = side * scale - where.min(), where.max() - (side + 1) * scale + 1
        reach = int(-(-max(before, after, 0) // scale))
        if reach < side:
            return reach
        if side >= most:
            raise _refused("each place changes the whole image")
        side *= 2


def _refuse_other_images(
    decoder: keras.Model, window: keras.Model, sizes: list[int], margin: int, tile: int
) -> None:
    """Raise `UserError` unless a map of some tiles is the same whole and in tiles."""
    places = decoder.inputs[0].shape[1:3]
    few = [min(int(side), size + tile) for side, size in zip(places, sizes, strict=True)]
    whole = _of_size(decoder, few)
    z = np.random.default_rng(1).normal(size=(1, *whole.inputs[0].shape[1:])).astype("float32")
    images = _called(whole, z)
    tiles = _joined(window, z, sizes, margin, tile, _scale(decoder))
    if np.max(np.abs(images - tiles)) > TOLERANCE * max(1.0, float(np.max(np.abs(images)))):
        raise _refused("its image of a part is not the part of its image")


def _joined(
    window: keras.Model, z: np.ndarray, sizes: list[int], margin: int, tile: int, scale: int
) -> np.ndarray:
    count, height, width, _ = z.shape
    images = np.empty(
        (count, height * scale, width * scale, window.outputs[0].shape[-1]), "float32"
    )
    for image, values in zip(images, z, strict=True):
        for rows in _windows(height, sizes[0], margin, tile):
            for columns in _windows(width, sizes[1], margin, tile):
                part = values[
                    rows.start : rows.start + sizes[0], columns.start : columns.start + sizes[1]
                ]
                (pixels,) = _called(window, part[None])
                image[_pixels(rows, scale, 0), _pixels(columns, scale, 0)] = pixels[
                    _pixels(rows, scale, rows.start), _pixels(columns, scale, columns.start)
                ]
    return images


def _windows(side: int, size: int, margin: int, tile: int) -> Iterator[_Window]:
    """Windows of one size, whose kept places are the side; at its ends they have no margin."""
    for first in range(0, side, tile):
        start = min(max(first - margin, 0), side - size)
        yield _Window(start, first, min(first + tile, side))


def _pixels(window: _Window, scale: int, start: int) -> slice:
    return slice((window.first - start) * scale, (window.last - start) * scale)


def _called(model: keras.Model, z: np.ndarray) -> np.ndarray:
    return np.asarray(predict_on_batch(model, z), "float32")


def _refused(why: str) -> UserError:
    return UserError(f"The decoder can't be decoded in tiles: {why}. Leave the tile out.")
