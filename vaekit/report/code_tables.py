"""Codes as tables that a page's script can add up: from whole numbers to z, without the latent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from vaekit.model import VAE

LookUp = Callable[[np.ndarray], np.ndarray]  # z (N, P, C) of codes (N, P, L)

_MOST = 500_000  # values, 2 MB
_TRIED, _CHUNK = 8, 64


class CodeTables(NamedTuple):
    """z of a place is `base` `(C,)` and the row of each of its numbers in `rows` `(K, C)`, added.

    rows: those of the first number, then those of the second, and so on.
    """

    base: np.ndarray
    rows: np.ndarray


def code_tables(model: VAE) -> CodeTables | None:
    """Tables of the codes of a latent that has some.

    None where they are too large for a page, or z isn't such a sum, the same at every place.
    """
    latent, sizes, shape = model.latent, model.latent.code_sizes, model.code_shape
    channels = model.latent_shape[-1]
    assert shape is not None
    if not sizes or sum(sizes) * channels > _MOST:
        return None
    if math.prod(shape) * channels != model.latent_dim * len(sizes):
        return None  # another number of codes at each place

    def looked_up(codes: np.ndarray) -> np.ndarray:
        return latent.looked_up(codes.reshape(-1, *shape)).reshape(len(codes), -1, channels)

    zero = np.zeros((1, math.prod(shape) // len(sizes), len(sizes)), "int64")
    base = looked_up(zero)[0, 0]
    rows = np.concatenate([_rows(looked_up, zero, level, size) for level, size in enumerate(sizes)])
    tables = CodeTables(base, rows - base)
    return tables if _agrees(tables, looked_up, zero.shape[1:], sizes) else None


def _rows(looked_up: LookUp, zero: np.ndarray, level: int, size: int) -> np.ndarray:
    """z `(size, C)` of a place where all numbers but one are 0."""
    rows = []
    for start in range(0, size, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, size))
        codes = np.repeat(zero, len(numbers), axis=0)
        codes[:, 0, level] = numbers
        rows.append(looked_up(codes)[:, 0])
    return np.concatenate(rows)


def _agrees(
    tables: CodeTables, looked_up: LookUp, shape: tuple[int, ...], sizes: Sequence[int]
) -> bool:
    """Whether the sums are what is looked up, tried at random."""
    codes = np.random.default_rng(0).integers(0, sizes, (_TRIED, *shape))
    starts = np.cumsum([0, *sizes[:-1]])
    sums = tables.base + tables.rows[codes + starts].sum(axis=-2)
    return np.allclose(sums, looked_up(codes), atol=1e-5)
