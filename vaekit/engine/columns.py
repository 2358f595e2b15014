"""What a step reports: named sums over its batch, in one row, so that they cross at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from vaekit.types import Tensor

# A latent counts as active if its mean varies this much over the data: Burda, Grosse and
# Salakhutdinov, "Importance Weighted Autoencoders" (arXiv:1509.00519), appendix C.
ACTIVE_VARIANCE = 0.01

TOTALS = LOSS, ADVERSARY_LOSS = "loss", "adversary_loss"
KL_DIM = "kl_dim"
_MEAN, _MEAN_SQUARED = "z_mean", "z_mean_squared"


class Columns(NamedTuple):
    """Names and widths of a row. Scalars have width 1, latent-wise sums width `latent_dim`."""

    names: tuple[str, ...]
    widths: tuple[int, ...]

    def means(self, row: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """A summed row as averages over `count` images."""
        parts = np.split(np.asarray(row, "float64") / count, np.cumsum(self.widths)[:-1])
        return dict(zip(self.names, parts, strict=True))

    def offset(self, name: str) -> int:
        """Where in a row the column `name` begins."""
        return sum(self.widths[: self.names.index(name)])

    def summary(self, row: np.ndarray, count: int) -> dict[str, float | int | list[float]]:
        """Averages over `count` images, the KL of each latent and the number of active ones.

        With `mse` comes `psnr`, in decibels, for a peak value of 1.
        """
        means = self.means(row, count)
        variance = means.pop(_MEAN_SQUARED) - np.square(means.pop(_MEAN))
        kl_dim = means.pop(KL_DIM)
        summary: dict[str, float | int | list[float]] = {
            name: float(value[0]) for name, value in means.items()
        }
        if "mse" in summary:
            summary["psnr"] = float(psnr_of(means["mse"])[0])
        summary["active_units"] = int(np.sum(variance > ACTIVE_VARIANCE))
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
        return row, next((name for name in named if name not in TOTALS), named[0])


def psnr_of(mse: np.ndarray) -> np.ndarray:
    """The peak signal-to-noise ratio of mean squared errors, in decibels, for a peak of 1."""
    return -10.0 * np.log10(np.maximum(mse, 1e-12))


def latent_sums(z_mean: Tensor, kl_dim: Tensor) -> dict[str, Tensor]:
    """The latent-wise columns of a batch, each `(latent_dim,)`."""
    return {
        KL_DIM: ops.sum(kl_dim, axis=0),
        _MEAN: ops.sum(z_mean, axis=0),
        _MEAN_SQUARED: ops.sum(ops.square(z_mean), axis=0),
    }
