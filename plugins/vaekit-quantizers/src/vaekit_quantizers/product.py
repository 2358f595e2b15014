"""Product quantisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import vaekit
from annotated_types import Ge, Le, Lt
from keras import layers, ops

from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.quantizer import Quantized, Quantizer
from vaekit_quantizers.vq import CodebookLatent


class Product(Quantizer):
    """Groups of a vector's values, one after the other, each with a quantiser of its own."""

    def __init__(self, groups: Sequence[Quantizer]) -> None:
        self.groups = list(groups)
        self.dim = sum(group.dim for group in groups)
        self.sizes = tuple(size for group in groups for size in group.sizes)
        self._ends = np.cumsum([group.dim for group in groups])[:-1].tolist()
        # As layers, which a saved encoder can be made of: each group's values of all.
        self._columns = [
            layers.Dense(group.dim, use_bias=False, trainable=False, name=f"encoder_group_{number}")
            for number, group in enumerate(groups)
        ]
        columns = np.split(np.eye(self.dim), self._ends, axis=1)
        for layer, matrix in zip(self._columns, columns, strict=True):
            layer.build((None, self.dim))
            layer.kernel.assign(matrix)

    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        parts = [
            group.quantize(values, seed, training=training)
            for group, values in zip(self.groups, ops.split(z_e, self._ends, -1), strict=True)
        ]
        return Quantized(
            ops.concatenate([part.z for part in parts], axis=-1),
            ops.concatenate([part.index for part in parts], axis=-1),
            {name: sum(part.terms[name] for part in parts) for name in parts[0].terms},
        )

    def vectors_of(self, index: Any) -> Any:
        each = ops.split(index, len(self.groups), axis=-1)
        vectors = [group.vectors_of(one) for group, one in zip(self.groups, each, strict=True)]
        return ops.concatenate(vectors, axis=-1)

    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        parts = [
            group.by_layers(columns(z_e))
            for group, columns in zip(self.groups, self._columns, strict=True)
        ]
        codes, index = zip(*parts, strict=True)
        return layers.Concatenate()(list(codes)), layers.Concatenate()(list(index))


def product_vq(
    latent_dim: int,
    *,
    groups: Annotated[int, Ge(2), Le(256)] = 2,
    codes: Annotated[int, Ge(2)] = 64,
    decay: Annotated[float, Ge(0), Lt(1)] = 0.99,
    commitment: Annotated[float, Ge(0)] = 0.25,
    restart: Annotated[float, Ge(0), Le(1)] = 0.05,
    kmeans: Annotated[int, Ge(0), Le(100)] = 0,
) -> vaekit.Latent:
    """Product VQ: groups of a vector's values, each the nearest vector of its own codebook.

    Jégou et al., "Product Quantization for Nearest Neighbor Search" (TPAMI 2011), learned with the
    encoder as in wav2vec 2.0 (arXiv:2006.11477). groups indices a position, codes^groups vectors.
    The prior is its own, uniform codes, and the KL from it constant: positions x groups x
    log(codes).

    Args:
        groups: into how many equal groups the latent_dim values are cut.
        codes: how many vectors each codebook has.
        decay: how much of the codebooks' averages is kept in a step.
        commitment: weight of the squared distance of the encoder's vectors from their codes, summed
            over values and averaged over positions.
        restart: a code that fewer vectors than this come to in a step, on average, begins anew at
            one of the batch; 0 for never.
        kmeans: rounds of k-means on the first training batch, which the codebooks begin with; 0
            begins with normal draws.
    """
    if latent_dim % groups:
        more = (latent_dim // groups + 1) * groups
        raise vaekit.BuildError(
            f"The latent 'product-vq' can't cut latent_dim={latent_dim} into {groups} equal "
            f"groups: set latent_dim to {more}, or groups to a divisor of it."
        )
    books = [
        AveragedCodebook(
            codes,
            latent_dim // groups,
            decay,
            name=f"encoder_code_{group}",
            commitment=commitment,
            restart=restart,
            kmeans=kmeans,
        )
        for group in range(groups)
    ]
    return CodebookLatent(Product(books))
