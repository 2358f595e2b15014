"""The latent that a quantiser makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import vaekit
from keras import layers, ops

from vaekit_quantizers.by_layers import whole_numbers
from vaekit_quantizers.codes import ChosenCodes, UniformCodes, code_shape, looked_up
from vaekit_quantizers.quantizer import Quantized, Quantizer
from vaekit_quantizers.usage import usage, usage_figures


class QuantizedLatent(vaekit.Latent):
    """z is the quantiser's codes, at each position of the features; uniform codes are its prior."""

    support = "codes"
    constant_kl = True
    code_name = "code"

    def __init__(self, quantizer: Quantizer) -> None:
        self.quantizer = quantizer
        self.code_sizes = tuple(quantizer.sizes)
        self._places: tuple[int, ...] = ()
        self._before = layers.Dense(quantizer.dim, name="encoder_before_codes")

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        """A map of codes where the features are a map; of a vector, the one code."""
        self._places = tuple(features[:-1])
        return (*self._places, self.quantizer.dim)

    def heads(self, features: Any) -> dict[str, Any]:
        """`z_e` `(B, ..., D)`: what codes are sought of."""
        self.shape(features.shape[1:])
        return {"z_e": self.quantizer.bounded(self._before(features))}

    def posterior(self, parameters: Mapping[str, Any]) -> ChosenCodes:
        return self._chosen(self.quantizer.quantize(self._rows(parameters["z_e"]), None).z)

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        quantized = self.quantizer.quantize(
            self._rows(parameters["z_e"]), given.seed, training=given.training
        )
        posterior = self._chosen(quantized.z)
        z, log_q = posterior.sample_and_log_prob(given.seed, given.lead)
        used = [
            usage(quantized.index[..., level], size)
            for level, size in enumerate(self.quantizer.sizes)
        ]
        return vaekit.Draw(
            z,
            posterior,
            given.prior,
            kl=posterior.kl(given.prior),
            log_ratio=log_q - given.prior.log_prob(z),
            terms=quantized.terms,
            report={"code_usage": ops.concatenate(used, axis=-1)},
        )

    @property
    def _positions(self) -> int:
        return math.prod(self._places)

    def _rows(self, z_e: Any) -> Any:
        """`(B, ..., D)` as `(B, P, D)`."""
        return ops.reshape(z_e, (-1, self._positions, self.quantizer.dim))

    def _chosen(self, codes: Any) -> ChosenCodes:
        return ChosenCodes(ops.reshape(codes, (-1, self._positions * self.quantizer.dim)))

    def point(self, parameters: Mapping[str, Any]) -> Any:
        codes, _ = self._by_layers(parameters["z_e"])
        return layers.Reshape(parameters["z_e"].shape[1:], name="encoder_output")(codes)

    def encoded(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """`code` `(B, ...)`: the index of each position's code, in the smallest whole type.

        `(B, ..., L)` where a position has L indices.
        """
        shape = code_shape(self._places, len(self.quantizer.sizes))
        _, index = self._by_layers(parameters["z_e"])
        index = whole_numbers(index, max(self.quantizer.sizes), "encoder_code")
        return {"code": layers.Reshape(shape, name="encoder_codes")(index)}

    def _by_layers(self, z_e: Any) -> tuple[Any, Any]:
        rows = layers.Reshape((self._positions, self.quantizer.dim))(z_e)
        return self.quantizer.by_layers(rows)

    def looked_up(self, code: np.ndarray) -> np.ndarray:
        vectors = looked_up(self.quantizer, code, self._positions)
        return vectors.reshape(-1, *self._places, self.quantizer.dim)

    def own_prior(self) -> UniformCodes:
        return UniformCodes(self.quantizer, self._positions)

    def summary(self, means: Mapping[str, np.ndarray]) -> dict[str, float | int]:
        """`perplexity`: exp of the entropy of which code it is; `codes_used`: how many ever are."""
        return usage_figures(means["code_usage"], self.quantizer.sizes)

    def between(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The codes of the straight line's points; its ends are as they are."""
        way = super().between(a, b, share)
        codes = ops.convert_to_numpy(self.quantized(way).z).reshape(way.shape)
        end = (share == 0.0) | (share == 1.0)
        return np.where(end.reshape(*end.shape, *(1,) * (way.ndim - end.ndim)), way, codes)

    def quantized(self, z: np.ndarray) -> Quantized:
        """What the quantiser makes of any vectors `(..., *shape)`."""
        return self.quantizer.quantize(self._rows(ops.convert_to_tensor(z, "float32")), None)
