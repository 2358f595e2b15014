"""Residual quantisation, of codebooks and of scalars."""

from __future__ import annotations

from typing import Annotated

import vaekit
from annotated_types import Ge, Le, Lt

from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.fsq import Levels, ScalarQuantizer, levels_of
from vaekit_quantizers.quantized import QuantizedLatent
from vaekit_quantizers.residual import Residual
from vaekit_quantizers.vq import CodebookLatent

Depth = Annotated[int, Ge(2), Le(64)]
Dropout = Annotated[float, Ge(0), Le(1)]


def residual_vq(
    latent_dim: int,
    *,
    codes: Annotated[int, Ge(2)] = 64,
    depth: Depth = 4,
    shared: bool = False,
    dropout: Dropout = 0.0,
    decay: Annotated[float, Ge(0), Lt(1)] = 0.99,
    commitment: Annotated[float, Ge(0)] = 0.25,
    restart: Annotated[float, Ge(0), Le(1)] = 0.05,
    kmeans: Annotated[int, Ge(0), Le(100)] = 0,
) -> vaekit.Latent:
    """Residual VQ: a sum of codes, each the nearest to what the ones before it leave over.

    Zeghidour et al., "SoundStream" (arXiv:2107.03312), section III-C. depth indices a position,
    codes^depth vectors. The prior is its own, uniform codes, and the KL from it constant: positions
    x depth x log(codes).

    Args:
        codes: how many vectors each codebook has.
        depth: how many codes are added up.
        shared: whether one codebook serves all of them.
        dropout: the share of images, in training, of which only the first few codes are added up,
            a uniform number of them, so that fewer serve, too.
        decay: how much of the codebooks' averages is kept in a step.
        commitment: weight of the squared distance of what is quantised from its codes, summed over
            values and over depth and averaged over positions.
        restart: a code that fewer vectors than this come to in a step, on average, begins anew at
            one of the batch; 0 for never.
        kmeans: rounds of k-means on the first training batch, which the codebooks begin with; 0
            begins with normal draws.
    """

    books = [
        AveragedCodebook(
            codes,
            latent_dim,
            decay,
            name=f"encoder_code_{level}",
            commitment=commitment,
            restart=restart,
            kmeans=kmeans,
        )
        for level in range(1 if shared else depth)
    ]
    levels = books * depth if shared else books
    return CodebookLatent(Residual(levels, [1.0] * depth, dropout))


def residual_fsq(
    latent_dim: int, *, levels: Levels = (5,), depth: Depth = 2, dropout: Dropout = 0.0
) -> vaekit.Latent:
    """Residual FSQ: finite scalar quantisation, of what it leaves over again on a finer grid.

    Mentzer et al. (arXiv:2309.15505) in the residual scheme of Zeghidour et al. (arXiv:2107.03312).
    Each grid is finer than the one before it by the smallest number of levels less one. The prior
    is its own, uniform codes, and the KL from it constant: positions x depth x log(codes).

    Args:
        levels: how many levels each value has; one number for all, or one for each of latent_dim.
        depth: how many codes are added up.
        dropout: the share of images, in training, of which only the first few codes are added up,
            a uniform number of them, so that fewer serve, too.
    """
    each = levels_of("residual-fsq", levels, latent_dim)
    grids = [
        ScalarQuantizer(each, of="residual-fsq", name=f"encoder_code_{level}")
        for level in range(depth)
    ]
    finer = float(max(min(each) - 1, 2))
    return QuantizedLatent(Residual(grids, [finer**-level for level in range(depth)], dropout))
