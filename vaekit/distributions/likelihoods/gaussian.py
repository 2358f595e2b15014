"""Normal pixels of one fixed standard deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from vaekit.distributions.likelihoods.likelihood import PIXELS
from vaekit.distributions.normal import DiagonalNormal, normal_log_prob
from vaekit.types import ImageShape, Tensor


@dataclass(frozen=True)
class Gaussian:
    """Independent normal pixels of one fixed standard deviation; the reconstruction is means."""

    sigma: float

    scale = "mean"

    def describe(self, image_shape: ImageShape) -> str:
        """As `Bernoulli.describe`."""
        return f"values that are normal with sigma {self.sigma:.3g}"

    def log_prob(self, x: Tensor, reconstruction: Tensor) -> Tensor:
        """Sum over pixels and channels of log N(x; reconstruction, sigma^2)."""
        return ops.sum(normal_log_prob(x, reconstruction, self._log_var), axis=PIXELS)

    def sample(self, reconstruction: Tensor, seed: Any) -> Tensor:
        """Images, of means."""
        return DiagonalNormal(reconstruction, self._log_var).sample(seed)

    @property
    def _log_var(self) -> float:
        return 2.0 * math.log(self.sigma)
