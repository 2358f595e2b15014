"""Published figures as claims: a whole schedule trained must arrive at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from vaekit.proof.claim import Claim, Comparison
from vaekit.proof.published.repeat import repeat
from vaekit.proof.published.rows import Row, chosen_rows


def claims_of_published(names: Sequence[str], source: str | None, folder: Path) -> Iterator[Claim]:
    """That the rows of these names are reproduced.

    source: where the images lie; None is the data set that each row is of. folder: where runs go,
    each into a new one of its own.
    """
    for row in chosen_rows(names):
        what = f"{row.paper}. {row.protocol}"
        yield Claim("published figures", row.name, what, partial(_compared, row, source, folder))


def _compared(row: Row, source: str | None, folder: Path) -> Comparison:
    repeated = repeat(row, source or row.source, folder / row.name, progress=False)
    return Comparison(
        expected=f"{row.figure:g} {row.unit}",
        got=repeated.figure,
        tolerance=f"{row.tolerance:g} {row.unit}",
        passed=repeated.reproduced,
    )
