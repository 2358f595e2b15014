"""How well a run knows each image, in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vaekit.inference.rows import keys_of
from vaekit.run import Run
from vaekit.tables import Table, refuse_unknown_ending, write_table
from vaekit.types import Images


def score_to_file(
    run: Run, parts: Sequence[Images], out: Path, classes: Sequence[str] | None = None
) -> int:
    """Write what `Run.score` gives of each image, and which image it is, as a table; gives N.

    parts: the images, part after part; `out` says the format, as `vaekit.tables` has them.
    classes: names of their labels.

    Raises `UserError` for an unknown format, `RunError` if `out` can't be written.
    """
    refuse_unknown_ending(out)
    scores = [run.score(part) for part in parts]
    columns = {name: np.concatenate([part[name] for part in scores]) for name in scores[0]}
    table = Table(keys_of(parts, classes), dict.fromkeys(columns, ()), [list(columns.values())])
    write_table(out, table)
    return len(table)
