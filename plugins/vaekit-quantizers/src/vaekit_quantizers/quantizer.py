"""What puts codes in the place of vectors, and what it hands to its latent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from keras import ops
from vaekit import distributions


class Quantized(NamedTuple):
    """What a quantiser makes of vectors `(B, P, D)`.

    z: the codes, through which a gradient passes to the vectors, `(B, P, D)`.
    index: which codes they are, int32, `(B, P, L)`.
    terms: what is minimised for it, `(B,)` each, by name.
    """

    z: Any
    index: Any
    terms: Mapping[str, Any] = {}


class Quantizer(ABC):
    """From vectors of D values to codes; the vectors of an image stand at P positions.

    dim: D.
    sizes: for each of the L indices that a vector gets, among how many codes it chooses.
    """

    dim: int
    sizes: tuple[int, ...]

    def bounded(self, z_e: Any) -> Any:
        """The symbolic vectors `(B, ..., D)` where codes are, by stock layers."""
        return z_e

    @abstractmethod
    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        """The codes of vectors `(B, P, D)`.

        seed: a `keras.random.SeedGenerator`. training: only then are variables assigned.
        """

    @abstractmethod
    def vectors_of(self, index: Any) -> Any:
        """The vectors `(..., D)` of codes by their indices `(..., L)`, int32; symbolic ones too."""

    @abstractmethod
    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        """Codes `(B, P, D)` and indices `(B, P, L)`, floats, of symbolic vectors `(B, P, D)`.

        From stock layers alone, which a saved encoder can be made of.
        """


def squared_distance(one: Any, other: Any) -> Any:
    """|one - other|^2 of vectors `(B, P, D)`, averaged over positions, `(B,)`."""
    apart = distributions.flat(ops.square(one - other))
    return ops.sum(apart, axis=-1) / one.shape[1]
