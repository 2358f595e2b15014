"""Laws over codes, and codes by their indices."""

from __future__ import annotations

import math
from typing import Any, Protocol

import keras
import numpy as np
import vaekit
from keras import ops
from vaekit import distributions


class CodeTable(Protocol):
    """Codes by their indices, as a `Quantizer` has them."""

    @property
    def dim(self) -> int:
        """How many values a code has."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """For each index of a code, among how many it chooses."""

    def vectors_of(self, index: Any) -> Any:
        """The codes `(..., dim)` of indices `(..., L)`, int32."""


class UniformCodes(vaekit.Distribution):
    """Each code of a table as likely as the others, at each of so many positions.

    Probabilities are told, not densities: a code's is 1 / K.
    """

    def __init__(self, table: CodeTable, positions: int) -> None:
        self.table, self.positions = table, positions
        self.noise_dim = positions * len(table.sizes)
        self.nats = positions * sum(map(math.log, table.sizes))

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(keras.random.normal((*lead, self.noise_dim), seed=seed))

    def log_prob(self, z: Any) -> Any:
        """-P log K, of z that is made of codes."""
        return ops.full_like(z[..., 0], -self.nats)

    def from_noise(self, noise: Any) -> Any:
        lead = tuple(-1 if side is None else side for side in noise.shape[:-1])
        sizes = np.array(self.table.sizes, "float32")
        uniform = 0.5 * (1.0 + ops.erf(noise / math.sqrt(2.0)))
        uniform = ops.reshape(uniform, (*lead, self.positions, len(sizes)))
        # By functions: JAX's arrays and NumPy's know no symbolic tensors on their right.
        index = ops.minimum(ops.floor(ops.multiply(uniform, sizes)), sizes - 1.0)
        vectors = self.table.vectors_of(ops.cast(index, "int32"))
        return ops.reshape(vectors, (*lead, self.positions * self.table.dim))


class ChosenCodes(distributions.PointMass):
    """The codes of each image, z `(B, P D)`, with probability 1."""

    def log_prob(self, z: Any) -> Any:
        return ops.zeros_like(z[..., 0])

    def kl(self, other: vaekit.Distribution) -> Any:
        """KL from uniform codes, `(B, 1)`: P log K, whichever the codes are."""
        if not isinstance(other, UniformCodes):
            return None
        return ops.full_like(self.z[:, :1], other.nats)


def code_shape(places: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape of an image's indices, of so many at each place; a vector has one place, `()`."""
    return places if places and count == 1 else (*places, count)


def looked_up(table: CodeTable, code: np.ndarray, positions: int) -> np.ndarray:
    """The codes `(N, positions, dim)` of whole numbers `(N, ...)`.

    Raises `DataError` for an index that there isn't.
    """
    sizes = np.array(table.sizes)
    index = code.reshape(len(code), positions, len(sizes)).astype("int64")
    wrong = np.argwhere((index < 0) | (index >= sizes))
    if len(wrong):
        image, position, level = wrong[0]
        raise vaekit.DataError(
            f"There is no code {index[image, position, level]}, as image {image} has it: codes are "
            f"0 to {sizes[level] - 1}."
        )
    vectors: np.ndarray = ops.convert_to_numpy(
        table.vectors_of(ops.convert_to_tensor(index, "int32"))
    )
    return vectors
