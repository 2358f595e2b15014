"""What a step reports: named sums over its batch, in one row, so that they cross at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

KL_DIM = "kl_dim"
Summary = Callable[[Mapping[str, np.ndarray]], Mapping[str, float | int]]


class Columns(NamedTuple):
    """Names and widths of a row.

    totals: those of the names that are sums of others.
    reported: those that a latent reports, from whose means `summarise` makes its figures.
    """

    names: tuple[str, ...]
    widths: tuple[int, ...]
    totals: tuple[str, ...]
    reported: tuple[str, ...]
    summarise: Summary

    def means(self, row: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """A summed row as averages over `count` images."""
        parts = np.split(np.asarray(row, "float64") / count, np.cumsum(self.widths)[:-1])
        return dict(zip(self.names, parts, strict=True))

    def offset(self, name: str) -> int:
        """Where in a row the column `name` begins."""
        return sum(self.widths[: self.names.index(name)])

    def summary(self, row: np.ndarray, count: int) -> dict[str, float | int | list[float]]:
        """Averages over `count` images, the KL of each unit and the latent's figures.

        With `mse` comes `psnr`, in decibels, for a peak value of 1.
        """
        means = self.means(row, count)
        reported = {name: means.pop(name) for name in self.reported}
        kl_dim = means.pop(KL_DIM, None)
        summary: dict[str, float | int | list[float]] = {
            name: float(value[0]) for name, value in means.items()
        }
        if "mse" in summary:
            summary["psnr"] = float(psnr_of(means["mse"])[0])
        summary |= self.summarise(reported)
        if kl_dim is not None:
            summary[KL_DIM] = [float(value) for value in kl_dim]
        return summary

    def first_bad(self, rows: np.ndarray) -> tuple[int, str] | None:
        """The first row and its first column that is not finite, None if all are."""
        bad = ~np.isfinite(rows)
        if not bad.any():
            return None
        row = int(np.argmax(bad.any(axis=1)))
        ends = np.cumsum(self.widths)
        slots = np.searchsorted(ends, np.flatnonzero(bad[row]), side="right")
        wrong = {self.names[slot] for slot in slots}
        # A total is bad whenever a term of it is; the term says more.
        named = [name for name in self.names if name in wrong]
        return row, next((name for name in named if name not in self.totals), named[0])


def psnr_of(mse: np.ndarray) -> np.ndarray:
    """The peak signal-to-noise ratio of mean squared errors, in decibels, for a peak of 1."""
    return -10.0 * np.log10(np.maximum(mse, 1e-12))
