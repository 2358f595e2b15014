"""The distance between images that a network's features tell."""

from __future__ import annotations

from typing import Any

from keras import ops

from vaekit_distances.feature_network import FeatureNetwork

_LEAST_SQUARE = 1e-8  # of a place whose features are all zero


class PerceptualDistance:
    """1/L sum_l mean over places of |f_l(x) - f_l(y)|^2, f_l being unit vectors over channels.

    Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
    (arXiv:1801.03924), equation 1, with all channels weighted alike: it isn't LPIPS, whose weights
    were learned from people's judgements. It is between 0 and 4.
    """

    def __init__(self, features: FeatureNetwork) -> None:
        self.features = features

    def __call__(self, x: Any, y: Any) -> Any:
        """The distance of each pair of images `(B, H, W, C)` in [0, 1], `(B,)`."""
        pairs = zip(self.features(x), self.features(y), strict=True)
        each = [_mean_over_places(ops.square(_units(one) - _units(other))) for one, other in pairs]
        return sum(each) / len(each)


def _units(features: Any) -> Any:
    squares = ops.sum(ops.square(features), axis=-1, keepdims=True)
    return features / ops.sqrt(squares + _LEAST_SQUARE)


def _mean_over_places(squares: Any) -> Any:
    """The sum over channels and the mean over all else, `(B,)`, of `(B, ..., F)`."""
    by_place = ops.sum(squares, axis=-1)
    return ops.mean(ops.reshape(by_place, (ops.shape(by_place)[0], -1)), axis=-1)
