"""What metrics of factors are computed of: z and factors of images, as arrays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import vaekit


class FactorCodes(NamedTuple):
    """Z and factors of N images.

    z: `(N, D)`, float64, the point that stands for each image.
    factors: `(N, F)`; column by column 0, 1, ... up to a factor's size less 1, each of them met.
    names: of the factors, in their order.
    """

    z: np.ndarray
    factors: np.ndarray
    names: tuple[str, ...]

    @property
    def sizes(self) -> list[int]:
        """How many values each factor has in these images."""
        return [int(top) + 1 for top in self.factors.max(axis=0)]

    def of(self, which: np.ndarray) -> FactorCodes:
        """Those of the images of these numbers."""
        return self._replace(z=self.z[which], factors=self.factors[which])

    def parts(self, count: int, seed: int) -> list[FactorCodes]:
        """The codes of so many equal parts of the images, drawn; the first is to learn from.

        Raises `vaekit.UserError` if that has a single value of a factor.
        """
        order = np.random.default_rng(seed).permutation(len(self.z))
        learn, *others = (self.of(which) for which in np.array_split(order, count))
        for name, factor in zip(self.names, learn.factors.T, strict=True):
            if not np.ptp(factor):
                raise vaekit.UserError(
                    f"The {len(learn.z):,} images to learn from, of {len(order):,}, have one value "
                    f"of the factor {name!r}. Take more images."
                )
        return [learn, *others]

    def varying(self) -> FactorCodes:
        """Only the values of z that aren't the same for all images; it may be none."""
        return self._replace(z=self.z[:, np.ptp(self.z, axis=0) > 0])


def factor_codes(measurement: vaekit.Measurement) -> FactorCodes:
    """Z of the images, and their factors without those that are the same for all.

    Raises `vaekit.UserError` where fewer than two factors vary, where z is one value, and for z
    that isn't finite.
    """
    images = measurement.images
    factors = np.asarray(images.factors)
    names = list(measurement.factors) or [f"factor_{n + 1}" for n in range(factors.shape[1])]
    columns = {
        name: np.unique(column, return_inverse=True)[1]
        for name, column in zip(names, factors.T, strict=True)
        if np.ptp(column)
    }
    if len(columns) < 2:
        raise vaekit.UserError(
            f"Of the factors {', '.join(names)} these {len(factors):,} images vary in "
            f"{next(iter(columns), 'none')} alone, and what tells factors apart needs two. Take "
            "other images, or more."
        )
    z = points(measurement.model, images)
    if z.shape[1] < 2:
        raise vaekit.UserError(
            "Z is a single value, and whether factors have values of their own needs two. Train "
            "with a larger latent_dim."
        )
    return FactorCodes(z, np.stack(list(columns.values()), axis=1), tuple(columns))


def points(model: Any, images: vaekit.Images) -> np.ndarray:
    """The z of a `vaekit.TrainedModel` that stands for each image, `(N, D)`, float64.

    Raises `vaekit.UserError` for z that isn't finite.
    """
    z = np.asarray(model.points(images), "float64")
    finite = np.isfinite(z).all(axis=1)
    if not finite.all():
        raise vaekit.UserError(
            f"Z isn't finite for {int((~finite).sum()):,} images, the first of them image "
            f"{int(np.argmin(finite))} (counted from 0): the model is broken."
        )
    return z


class FactorMetric(vaekit.Metric):
    """A metric of how the values of z go with the factors of images."""

    needs = ("factors",)
    vector = True
    fewest = 20

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        return self.measure(factor_codes(measurement), measurement)

    @abstractmethod
    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        """The numbers, of the codes of the measurement's images."""
