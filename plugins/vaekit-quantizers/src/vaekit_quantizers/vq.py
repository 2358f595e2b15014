"""The latent of the VQ-VAE."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import vaekit
from annotated_types import Ge, Le, Lt
from keras import ops

from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.gradients import rotation_trick, straight_through
from vaekit_quantizers.learned import LearnedCodebook
from vaekit_quantizers.quantized import QuantizedLatent
from vaekit_quantizers.usage import usage

CODEBOOKS = {"averages": AveragedCodebook, "gradient": LearnedCodebook}
ESTIMATORS = {"straight-through": straight_through, "rotation": rotation_trick}


class CodebookLatent(QuantizedLatent):
    """z is vectors of codebooks, whose numbers mean nothing by themselves."""

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        """How large a share of its positions has each code, `(N, K)`."""
        index = self.quantized(z).index
        shares = [usage(index[..., at], size) for at, size in enumerate(self.quantizer.sizes)]
        return ops.convert_to_numpy(ops.concatenate(shares, axis=-1))


def vq(
    latent_dim: int,
    *,
    codes: Annotated[int, Ge(2)] = 512,
    update: Literal["averages", "gradient"] = "averages",
    decay: Annotated[float, Ge(0), Lt(1)] = 0.99,
    commitment: Annotated[float, Ge(0)] = 0.25,
    restart: Annotated[float, Ge(0), Le(1)] = 0.05,
    kmeans: Annotated[int, Ge(0), Le(100)] = 0,
    similarity: Literal["euclidean", "cosine"] = "euclidean",
    gradient: Literal["straight-through", "rotation"] = "straight-through",
) -> vaekit.Latent:
    """VQ-VAE: at each position of the features, the nearest vector of a codebook.

    A vector has latent_dim values. van den Oord et al., "Neural Discrete Representation Learning"
    (arXiv:1711.00937), the codebook by the averages of its appendix A.1. The gradient passes from
    the code to the encoder as if they were equal. The prior is its own, uniform codes, and the KL
    from it constant: positions x log(codes).

    Args:
        codes: how many vectors the codebook has.
        update: what moves the codebook: averages of the vectors that are nearest to each code, or
            the gradient of their squared distance, by the run's optimizer.
        decay: how much of the codebook's averages is kept in a step.
        commitment: weight of the squared distance of the encoder's vectors from their codes, summed
            over values and averaged over positions; 0.25 in the paper.
        restart: a code that fewer vectors than this come to in a step, on average, begins anew at
            one of the batch; 0 for never.
        kmeans: rounds of k-means on the first training batch, which the codebook begins with; 0
            begins with normal draws.
        similarity: cosine scales vectors and codes to length 1 (Yu et al., arXiv:2110.04627).
        gradient: rotation turns the gradient as the vector is turned into its code (Fifty et al.,
            arXiv:2410.06424).
    """
    codebook = CODEBOOKS[update](
        codes,
        latent_dim,
        decay,
        commitment=commitment,
        restart=restart,
        kmeans=kmeans,
        unit=similarity == "cosine",
        estimator=ESTIMATORS[gradient],
    )
    return CodebookLatent(codebook)
