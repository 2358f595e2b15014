"""MS-SSIM as a loss."""

from __future__ import annotations

from typing import Annotated, Any

import vaekit
from annotated_types import Gt

from vaekit_distances import structural_similarity
from vaekit_distances.distance_loss import DistanceLoss


def dissimilarity(x: Any, reconstruction: Any) -> Any:
    """1 - MS-SSIM, `(B,)`."""
    return 1.0 - structural_similarity.ms_ssim(x, reconstruction)


def ms_ssim(*, weight: Annotated[float, Gt(0)] = 100.0) -> vaekit.Loss:
    """weight x (1 - MS-SSIM) + KL(q(z|x) || p(z)): images that look alike, not pixels that agree.

    MS-SSIM is Wang, Simoncelli and Bovik's (Asilomar 2003) similarity of luminance, contrast and
    structure on up to five scales; autoencoders are trained by it in Snell et al., "Learning to
    Generate Images with Perceptual Similarity Metrics" (arXiv:1511.06409). Images under 161 pixels
    have fewer scales, whose weights are brought to a sum of 1: two of 28 pixels, one under 21. It
    is a distance and no likelihood: no elbo is reported.

    Args:
        weight: of 1 - MS-SSIM, which is between 0 and 1, against the KL in nats.
    """
    return DistanceLoss(dissimilarity, weight, "(1 - MS-SSIM)")
