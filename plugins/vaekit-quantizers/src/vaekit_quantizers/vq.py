"""The latent of the VQ-VAE."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import vaekit
from annotated_types import Ge, Le, Lt
from keras import layers, ops
from vaekit import distributions

from vaekit_quantizers.codebook import Codebook
from vaekit_quantizers.codes import ChosenCodes, UniformCodes


class VQ(vaekit.Latent):
    """z is the nearest code at each position of the features; see `vq`."""

    support = "codes"
    constant_kl = True

    def __init__(self, codebook: Codebook, commitment: float) -> None:
        self.codebook = codebook
        self.commitment = commitment
        self._positions = 1
        self._before = layers.Dense(codebook.dim, name="encoder_before_codes")

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        """A map of codes where the features are a map; of a vector, the one code."""
        self._positions = math.prod(features[:-1])
        return (*features[:-1], self.codebook.dim)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z_e` `(B, ..., D)`: what the nearest code is sought of."""
        self.shape(features.shape[1:])
        return {"z_e": self._before(features)}

    def posterior(self, parameters: Mapping[str, Any]) -> ChosenCodes:
        z_e = parameters["z_e"]
        return self._chosen(z_e, self.codebook.nearest(z_e))

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        z_e = parameters["z_e"]
        nearest = self.codebook.nearest(ops.stop_gradient(z_e))
        posterior = self._chosen(z_e, nearest)
        z, log_q = posterior.sample_and_log_prob(given.seed, given.lead)
        apart = ops.square(z_e - ops.stop_gradient(self.codebook.lookup(nearest)))
        nearest = ops.reshape(nearest, (-1, self._positions, self.codebook.codes))
        if given.training:
            self.codebook.follow(
                ops.reshape(ops.stop_gradient(z_e), (-1, self.codebook.dim)),
                ops.reshape(nearest, (-1, self.codebook.codes)),
                given.seed,
            )
        return vaekit.Draw(
            z,
            posterior,
            given.prior,
            kl=posterior.kl(given.prior),
            log_ratio=log_q - given.prior.log_prob(z),
            terms={
                "commitment": self.commitment
                * ops.sum(distributions.flat(apart), axis=-1)
                / self._positions
            },
            report={"code_usage": ops.mean(nearest, axis=1)},
        )

    def _chosen(self, z_e: Any, nearest: Any) -> ChosenCodes:
        """The codes, through which a gradient passes to `z_e` as if they were equal to it."""
        codes = ops.stop_gradient(self.codebook.lookup(nearest))
        return ChosenCodes(distributions.flat(z_e + ops.stop_gradient(codes - z_e)))

    def point(self, parameters: Mapping[str, Any]) -> Any:
        z_e = parameters["z_e"]
        codes = self.codebook.lookup(self._nearest_by_layers(z_e))
        return layers.Reshape(z_e.shape[1:], name="encoder_output")(codes)

    def encoded(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """`code` `(B, ...)`: the index of each position's code, integers."""
        z_e = parameters["z_e"]
        index = self.codebook.index_by_layers(self._nearest_by_layers(z_e))
        return {"code": layers.Reshape(z_e.shape[1:-1] or (1,), name="encoder_codes")(index)}

    def _nearest_by_layers(self, z_e: Any) -> Any:
        rows = layers.Reshape((self._positions, self.codebook.dim))(z_e)
        return self.codebook.nearest_by_layers(rows)

    def own_prior(self) -> UniformCodes:
        return UniformCodes(self.codebook, self._positions)

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`perplexity`: exp of the entropy of which code it is; `codes_used`: how many ever are."""
        usage = means["code_usage"]
        used = usage[usage > 0.0]
        return {
            "perplexity": float(np.exp(-np.sum(used * np.log(used)))),
            "codes_used": len(used),
        }

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The codes nearest to the straight line."""
        return self._vectors[self._index(super().between(a, b, share))]

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        """How large a share of its positions has each code, `(N, K)`."""
        index = self._index(z).reshape(len(z), -1)
        return np.mean(index[..., None] == np.arange(self.codebook.codes), axis=1)

    def _index(self, z: np.ndarray) -> np.ndarray:
        """The index of the nearest code at each position."""
        vectors = self._vectors
        return np.argmax(2.0 * z @ vectors.T - np.square(vectors).sum(-1), axis=-1)

    @property
    def _vectors(self) -> np.ndarray:
        return ops.convert_to_numpy(self.codebook.vectors)


def vq(
    latent_dim: int,
    *,
    codes: Annotated[int, Ge(2)] = 512,
    decay: Annotated[float, Ge(0), Lt(1)] = 0.99,
    commitment: Annotated[float, Ge(0)] = 0.25,
    restart: Annotated[float, Ge(0), Le(1)] = 0.05,
) -> vaekit.Latent:
    """VQ-VAE: at each position of the features, the nearest vector of a codebook.

    A vector has latent_dim values. van den Oord et al., "Neural Discrete Representation Learning"
    (arXiv:1711.00937), the codebook by the averages of its appendix A.1. The gradient passes from
    the code to the encoder as if they were equal. The prior is its own, uniform codes, and the KL
    from it constant: positions x log(codes).

    Args:
        codes: how many vectors the codebook has.
        decay: how much of the codebook's averages is kept in a step.
        commitment: weight of the squared distance of the encoder's vectors from their codes, summed
            over values and averaged over positions; 0.25 in the paper.
        restart: a code that fewer vectors than this come to in a step, on average, begins anew at
            one of the batch; 0 for never.
    """
    return VQ(Codebook(codes, latent_dim, decay, restart), commitment)
