"""Codes of what other codes leave over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from vaekit_quantizers.gradients import straight_through
from vaekit_quantizers.quantizer import Quantized, Quantizer


class Residual(Quantizer):
    """A sum of codes: each level quantises what the levels before it leave over.

    Zeghidour et al., "SoundStream" (arXiv:2107.03312), section III-C, algorithm 1. If 0 is a code
    of a level, that level leaves over no more than it gets.

    levels: the quantisers, one of them several times where they share it.
    scales: level l quantises what is left over, divided by scale l.
    dropout: the share of images, in training, of which only a number of levels, uniform from 1 to
        all, are added up: so that fewer serve, too.
    """

    def __init__(
        self, levels: Sequence[Quantizer], scales: Sequence[float], dropout: float
    ) -> None:
        self.levels, self.scales, self.dropout = list(levels), list(scales), dropout
        self.dim = levels[0].dim
        self.sizes = tuple(size for level in levels for size in level.sizes)

    def bounded(self, z_e: Any) -> Any:
        return self.levels[0].bounded(z_e)

    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        codes, index, terms = ops.zeros_like(z_e), [], {}
        kept = self._kept(z_e, seed) if training and self.dropout else [1.0] * len(self.levels)
        left = z_e
        for level, scale, keep in zip(self.levels, self.scales, kept, strict=True):
            part = level.quantize(left / scale, seed, training=training)
            code = scale * ops.stop_gradient(part.z)
            codes, left = codes + keep * code, left - code
            index.append(part.index)
            terms = {
                name: terms[name] + term if name in terms else term
                for name, term in part.terms.items()
            }
        return Quantized(straight_through(z_e, codes), ops.concatenate(index, axis=-1), terms)

    def _kept(self, z_e: Any, seed: Any) -> list[Any]:
        """1 where a level is added up, else 0, `(B, 1, 1)` for each level."""
        count = len(self.levels)
        which = keras.random.uniform((2, ops.shape(z_e)[0], 1, 1), seed=seed)
        whole = which[0] >= self.dropout
        return [
            ops.cast(ops.logical_or(whole, which[1] * count >= level), "float32")
            for level in range(count)
        ]

    def vectors_of(self, index: Any) -> Any:
        each = ops.split(index, len(self.levels), axis=-1)
        parts = [
            ops.multiply(level.vectors_of(one), scale)
            for level, scale, one in zip(self.levels, self.scales, each, strict=True)
        ]
        return sum(parts[1:], start=parts[0])

    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        left, codes, index = z_e, [], []
        for level, scale in zip(self.levels, self.scales, strict=True):
            code, number = level.by_layers(layers.Rescaling(1.0 / scale)(left))
            codes.append(layers.Rescaling(scale)(code))
            index.append(number)
            left = layers.Subtract()([left, codes[-1]])
        return layers.Add()(codes), layers.Concatenate()(index)
