"""How well a run knows each image, in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vaekit.inference.rows import keys_of
from vaekit.run import Run
from vaekit.tables import Table, refuse_unknown_ending, write_table
from vaekit.types import Images


def score_to_file(
    run: Run,
    parts: Sequence[Images],
    out: Path,
    classes: Sequence[str] | None = None,
    more: Mapping[str, np.ndarray] | None = None,
) -> int:
    """Write what `Run.score` gives of each image, and which image it is, as a table; gives N.

    parts: the images, part after part; `out` says the format, as `vaekit.tables` has them.
    classes: names of their labels. more: other columns `(N, ...)`, which keep their types.

    Raises `UserError` for an unknown format, `RunError` if `out` can't be written.
    """
    refuse_unknown_ending(out)
    scores = [run.score(part) for part in parts]
    columns = {name: np.concatenate([part[name] for part in scores]) for name in scores[0]}
    columns |= more or {}
    table = Table(
        keys_of(parts, classes),
        {name: column.shape[1:] for name, column in columns.items()},
        [list(columns.values())],
        types={name: column.dtype.name for name, column in (more or {}).items()},
    )
    write_table(out, table)
    return len(table)
