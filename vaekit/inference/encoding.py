"""Latents of a data set, in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from vaekit.data import take
from vaekit.inference.rows import joined, keys_of
from vaekit.tables import ARRAYS, Table, write_table
from vaekit.types import Images

_CHUNK = 1024


class Encoder(Protocol):
    """A run, or a model file with an encoder."""

    def encoded(self, images: Images) -> Mapping[str, np.ndarray]:
        """What is written of images as a `Dataset` holds them, `(N, ...)` each, by name."""
        ...


class Written(NamedTuple):
    """How many images a file has rows of, and the names of what the encoder gave of each."""

    images: int
    names: tuple[str, ...]


def encode_to_file(
    model: Encoder, parts: Sequence[Images], out: Path, classes: Sequence[str] | None = None
) -> Written:
    """Write what a model tells of each image by name, and which image it is, as a table.

    Of the default latent that is `z_mean` and `z_log_var` `(N, latent_dim)`.

    parts: the images, part after part; `out` says the format, as `vaekit.tables` has them.
    classes: names of their labels.

    Beside `file` (or `index`) and `label` (a class's name, where it has one), files of arrays hold
    the numbers of the classes as `labels`. Goes a chunk at a time, at constant memory, but for
    `.npz`.

    Raises `UserError` for an unknown format, `RunError` if `out` can't be written.
    """
    keys = keys_of(parts, classes)
    labels = joined(part.labels for part in parts)
    if labels is not None and out.suffix.lower() in ARRAYS:
        keys["labels"] = labels
    chunks = _encoded(model, parts)
    first = next(chunks)
    table = Table(
        keys,
        {name: values.shape[1:] for name, values in first.items()},
        (list(chunk.values()) for chunk in chain([first], chunks)),
        types={name: v.dtype.name for name, v in first.items() if v.dtype.kind in "iu"},
    )
    write_table(out, table)
    return Written(len(table), tuple(first))


def _encoded(model: Encoder, parts: Sequence[Images]) -> Iterator[Mapping[str, np.ndarray]]:
    for part in parts:
        for start in range(0, len(part.pixels), _CHUNK):
            yield model.encoded(take(part, slice(start, start + _CHUNK)))
