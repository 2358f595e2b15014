"""Laws over the vectors of a codebook."""

from __future__ import annotations

import math
from typing import Any

import keras
import vaekit
from keras import ops
from vaekit import distributions

from vaekit_quantizers.codebook import Codebook


class UniformCodes(vaekit.Distribution):
    """Each of a codebook's vectors as likely as the others, at each of so many positions.

    Probabilities are told, not densities: a code's is 1 / K.
    """

    def __init__(self, codebook: Codebook, positions: int) -> None:
        self.codebook = codebook
        self.noise_dim = positions
        self.nats = positions * math.log(codebook.codes)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(keras.random.normal((*lead, self.noise_dim), seed=seed))

    def log_prob(self, z: Any) -> Any:
        """-P log K, of z that is made of codes."""
        return ops.full_like(z[..., 0], -self.nats)

    def from_noise(self, noise: Any) -> Any:
        uniform = 0.5 * (1.0 + ops.erf(noise / math.sqrt(2.0)))
        last = self.codebook.codes - 1
        index = ops.minimum(ops.floor(uniform * self.codebook.codes), float(last))
        vectors = self.codebook.lookup(self.codebook.one_hot(ops.cast(index, "int32")))
        positions = ops.split(vectors, self.noise_dim, axis=-2)
        return ops.squeeze(ops.concatenate(positions, axis=-1), -2)


class ChosenCodes(distributions.PointMass):
    """The codes of each image, z `(B, P D)`, with probability 1."""

    def log_prob(self, z: Any) -> Any:
        return ops.zeros_like(z[..., 0])

    def kl(self, other: vaekit.Distribution) -> Any:
        """KL from uniform codes, `(B, 1)`: P log K, whichever the codes are."""
        if not isinstance(other, UniformCodes):
            return None
        return ops.full_like(self.z[:, :1], other.nats)
