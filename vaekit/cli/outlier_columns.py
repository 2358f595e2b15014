"""What `vaekit score --alpha` adds to its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaekit.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from vaekit.outliers import Outliers
    from vaekit.run import Run
    from vaekit.types import Images


class OutlierColumns:
    """Scores, p-values and outliers, as they were asked for; none without an alpha.

    alpha, by: of `Run.outliers`. maps: whether maps are written. picture: a file to draw them to.
    """

    def __init__(
        self, alpha: float | None, by: str | None, maps: bool, picture: str | None
    ) -> None:
        self._alpha, self._by, self._maps = alpha, by, maps
        self._picture = None if picture is None else Path(picture)
        self._told: list[str] = []

    def refuse(self, out: Path) -> None:
        """Raise `UserError` for what can't be written, before anything is computed."""
        from vaekit.tables import ARRAYS, refuse_unknown_ending

        refuse_unknown_ending(out)
        if self._alpha is None:
            asked = {"--score": self._by, "--maps": self._maps, "--picture": self._picture}
            for flag, value in asked.items():
                if value:
                    raise UserError(f"{flag} is of outliers: say --alpha 0.01, too.")
        if self._maps and out.suffix.lower() not in ARRAYS:
            raise UserError(f"{out} has no place for maps. End its name in {' or '.join(ARRAYS)}.")

    def refuse_picture(self) -> None:
        """Raise `UserError` for a picture of another format; it imports Keras."""
        if self._picture is not None:
            from vaekit.figures.save import FORMATS, refuse_format

            refuse_format(self._picture, FORMATS)

    def of(self, run: Run, parts: Sequence[Images]) -> dict[str, np.ndarray]:
        """The columns `(N, ...)` by name: `score`, `p_value`, `outlier` and `maps`."""
        if self._alpha is None:
            return {}
        import numpy as np

        from vaekit.figures import save_figure
        from vaekit.outliers import draw_outliers

        wanted = self._maps or self._picture is not None
        told = [
            run.outliers(part, alpha=self._alpha, score=self._by, maps=wanted, progress=True)
            for part in parts
        ]
        if self._picture is not None:
            save_figure(draw_outliers(parts, told), self._picture)
        self._tell_of(told)
        columns = {
            "score": np.concatenate([part.score for part in told]),
            "p_value": np.concatenate([part.p_value for part in told]),
            "outlier": np.concatenate([part.outlier for part in told]).astype("uint8"),
        }
        if self._maps:
            columns["maps"] = np.concatenate([part.maps for part in told if part.maps is not None])
        return columns

    def _tell_of(self, told: Sequence[Outliers]) -> None:
        first = told[0]
        count, record = sum(int(part.outlier.sum()) for part in told), first.calibration
        self._told.append(
            f"{count} outliers at alpha {first.alpha:g}: {record.score} above "
            f"{first.threshold:.6g}, calibrated on {record.images} images of {record.data}"
        )
        if not record.checked:
            self._told.append("Whether the run was trained on those was not checked.")
        if record.chose_epoch:
            self._told.append("By those, the run chose its epoch: see `vaekit calibrate`.")
        if self._maps:
            size = sum(part.maps.nbytes for part in told if part.maps is not None)
            self._told.append(f"maps: {size:,} bytes")
        if self._picture is not None:
            self._told.append(str(self._picture))

    def tell(self) -> None:
        """Print what came of it."""
        for line in self._told:
            click.echo(line)
