"""Lookup-free quantisation."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import vaekit
from annotated_types import Ge, Gt
from keras import ops

from vaekit_quantizers.by_layers import at_least
from vaekit_quantizers.gradients import straight_through
from vaekit_quantizers.grid import Grid
from vaekit_quantizers.quantized import QuantizedLatent
from vaekit_quantizers.quantizer import Quantized, squared_distance

_LEAST = 1e-12  # a probability whose logarithm is taken


class Signs(Grid):
    """Each value's sign, 1 or -1: the nearest of 2^D codes. Yu et al., arXiv:2310.05737, section 3.

    commitment: weight of the squared distance of vectors from their codes.
    entropy: weight of what is minimised of entropies in nats: that of each vector's code, less
        `diversity` times that of the batch's codes together.
    temperature: of p(c|z), which is proportional to exp(-|z - c|^2 / temperature).
    """

    def __init__(
        self, dim: int, *, commitment: float, entropy: float, diversity: float, temperature: float
    ) -> None:
        half = np.full(dim, 0.5)
        super().__init__([2] * dim, centres=half, halves=half, of="lfq", name="encoder_code")
        self.commitment, self.entropy = commitment, entropy
        self.diversity, self.temperature = diversity, temperature

    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        digits = ops.cast(z_e >= 0.0, "float32")
        codes = self.values_of(digits)
        each, together = self.entropies(z_e)
        terms = {
            "commitment": self.commitment * squared_distance(z_e, codes),
            "entropy": self.entropy * (each - self.diversity * together),
        }
        return Quantized(straight_through(z_e, codes), self.index_of(digits), terms)

    def entropies(self, z_e: Any) -> tuple[Any, Any]:
        """Of vectors `(B, P, D)`: the mean of H(p(c|z)) over positions `(B,)`, and H(mean p(c|z)).

        The signs are independent given z, so that the first is a sum over them. The mean of
        p(c|z) is a matrix product of the probabilities of their first half and of their last.
        """
        up = ops.sigmoid(4.0 / self.temperature * z_e)
        pair = ops.stack([1.0 - up, up], axis=-1)
        each = ops.mean(ops.sum(_entropy(pair, axis=-1), axis=-1), axis=-1)
        rows = ops.reshape(pair, (-1, self.dim, 2))
        first, last = (
            _joint(part) for part in (rows[:, : self.dim // 2], rows[:, self.dim // 2 :])
        )
        mean = ops.matmul(ops.transpose(first), last) / ops.cast(ops.shape(rows)[0], "float32")
        return each, _entropy(mean, axis=(0, 1))

    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        return self.values_and_index_by_layers(at_least(z_e, 0.0))


def _joint(pairs: Any) -> Any:
    """Probabilities `(N, 2^d)` of all signs together, from those of each `(N, d, 2)`."""
    joint = ops.ones((ops.shape(pairs)[0], 1))
    for at in range(pairs.shape[1]):
        joint = ops.expand_dims(joint, -1) * pairs[:, at, None, :]
        joint = ops.reshape(joint, (-1, 2 ** (at + 1)))
    return joint


def _entropy(probabilities: Any, axis: Any) -> Any:
    logs = ops.log(ops.maximum(probabilities, _LEAST))
    return -ops.sum(probabilities * logs, axis=axis)


def lfq(
    latent_dim: int,
    *,
    commitment: Annotated[float, Ge(0)] = 0.25,
    entropy: Annotated[float, Ge(0)] = 0.1,
    diversity: Annotated[float, Ge(0)] = 1.0,
    temperature: Annotated[float, Gt(0)] = 1.0,
) -> vaekit.Latent:
    """Lookup-free quantisation: the signs of latent_dim values, 2^latent_dim codes.

    Yu et al., "Language Model Beats Diffusion" (MAGVIT-v2, arXiv:2310.05737), section 3. There is
    no codebook to learn. The prior is its own, uniform codes, and the KL from it constant:
    positions x latent_dim x log(2).

    Args:
        commitment: weight of the squared distance of the encoder's vectors from their codes, summed
            over values and averaged over positions.
        entropy: weight of the entropies, in nats: of each vector's code, to be small, and of the
            codes of a batch together, to be large.
        diversity: weight of the latter in that.
        temperature: of the codes' probabilities, exp(-distance^2 / temperature).
    """
    return QuantizedLatent(
        Signs(
            latent_dim,
            commitment=commitment,
            entropy=entropy,
            diversity=diversity,
            temperature=temperature,
        )
    )
