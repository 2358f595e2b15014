"""Latents of a data set, in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from vaekit.data import take
from vaekit.distributions import Posterior
from vaekit.inference.rows import joined, keys_of
from vaekit.tables import ARRAYS, Table, write_table
from vaekit.types import Images

_CHUNK = 1024


class Encoder(Protocol):
    """A run, or a model file with an encoder."""

    @property
    def latent_dim(self) -> int:
        """The length of z."""
        ...

    def posterior(self, images: Images) -> Posterior:
        """q(z|x) of images as a `Dataset` holds them."""
        ...


def encode_to_file(
    model: Encoder, parts: Sequence[Images], out: Path, classes: Sequence[str] | None = None
) -> int:
    """Write `z_mean` and `z_log_var` `(N, latent_dim)` of images, and which they are, as a table.

    parts: the images, part after part; `out` says the format, as `vaekit.tables` has them.
    classes: names of their labels. Gives N.

    Beside `file` (or `index`) and `label` (a class's name, where it has one), files of arrays hold
    the numbers of the classes as `labels`. Goes a chunk at a time, at constant memory, but for
    `.npz`.

    Raises `UserError` for an unknown format, `RunError` if `out` can't be written.
    """
    keys = keys_of(parts, classes)
    labels = joined(part.labels for part in parts)
    if labels is not None and out.suffix.lower() in ARRAYS:
        keys["labels"] = labels
    numbers = dict.fromkeys(("z_mean", "z_log_var"), (model.latent_dim,))
    table = Table(keys, numbers, _posteriors(model, parts))
    write_table(out, table)
    return len(table)


def _posteriors(model: Encoder, parts: Sequence[Images]) -> Iterator[Posterior]:
    for part in parts:
        for start in range(0, len(part.pixels), _CHUNK):
            yield model.posterior(take(part, slice(start, start + _CHUNK)))
