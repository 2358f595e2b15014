"""Finite scalar quantisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import vaekit
from annotated_types import Ge, Le, MinLen
from keras import layers, ops

from vaekit_quantizers.by_layers import nearest_level
from vaekit_quantizers.gradients import straight_through
from vaekit_quantizers.grid import Grid
from vaekit_quantizers.quantized import QuantizedLatent
from vaekit_quantizers.quantizer import Quantized

Levels = Annotated[tuple[Annotated[int, Ge(2), Le(256)], ...], MinLen(1)]

# How far beyond its outermost levels a value may go, as a share: else they'd be reached by none.
_BEYOND = 1e-3


class ScalarQuantizer(Grid):
    """Each value rounded to one of L levels about 0: Mentzer et al., arXiv:2309.15505, section 3.1.

    Levels are 1 / floor(L/2) apart and 0 is one of them: of an odd L they run from -1 to 1, of an
    even one from -1 to 1 - 2/L.
    """

    def __init__(self, levels: Sequence[int], *, of: str, name: str = "encoder_code") -> None:
        halves = np.array(levels) // 2
        super().__init__(levels, centres=halves, halves=halves, of=of, name=name)

    def bounded(self, z_e: Any) -> Any:
        """tanh, scaled to the levels; that of even levels is shifted by half a level, as they are.

        Features of 0 give 0.
        """
        reach = (self.levels - 1) * (1.0 + _BEYOND) / 2.0
        shift = np.where(self.levels % 2 == 0, 0.5, 0.0)
        scale, offset = reach / self._halves, -shift / self._halves
        moved = layers.Rescaling(1.0, np.arctanh(shift / reach).tolist())(z_e)
        bounded = layers.Activation("tanh", name=f"{self._name}_bounded")(moved)
        return layers.Rescaling(scale.tolist(), offset.tolist())(bounded)

    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        nearest = ops.floor(ops.stop_gradient(z_e) * self._halves + self._centres + 0.5)
        digits = ops.clip(nearest, 0.0, (self.levels - 1).astype("float32"))
        return Quantized(straight_through(z_e, self.values_of(digits)), self.index_of(digits))

    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        counted = layers.Rescaling(self._halves.tolist(), self._centres.tolist())(z_e)
        return self.values_and_index_by_layers(nearest_level(counted, int(self.levels.max())))


def levels_of(name: str, levels: Sequence[int], latent_dim: int) -> Sequence[int]:
    """One number of levels for each of a vector's values, of as many or of one for all.

    Raises `BuildError` for another number.
    """
    if len(levels) not in (1, latent_dim):
        raise vaekit.BuildError(
            f"The latent {name!r} has levels for {len(levels)} values, and latent_dim is "
            f"{latent_dim}: give one number for all, or {latent_dim}; or set latent_dim to "
            f"{len(levels)}."
        )
    return levels if len(levels) == latent_dim else [*levels] * latent_dim


def fsq(latent_dim: int, *, levels: Levels = (5,)) -> vaekit.Latent:
    """Finite scalar quantisation: each of latent_dim values rounded to one of a few levels.

    Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple" (arXiv:2309.15505). There is no
    codebook to learn and no loss for it. The prior is its own, uniform codes, and the KL from it
    constant: positions x log(codes).

    Args:
        levels: how many levels each value has; one number for all, or one for each, as 8,5,5,5
            with latent_dim 4 for 1000 codes. The paper's for about 2^8, 2^10, 2^12, 2^14 and 2^16
            codes: 8,6,5; 8,5,5,5; 7,5,5,5,5; 8,8,8,6,5; 8,8,8,5,5,5.
    """
    return QuantizedLatent(ScalarQuantizer(levels_of("fsq", levels, latent_dim), of="fsq"))
