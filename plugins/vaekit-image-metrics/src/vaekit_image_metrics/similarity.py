"""How alike images and their reconstructions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import vaekit
from keras import ops
from vaekit_distances import structural_similarity

from vaekit_image_metrics.image_sets import image_chunks, reconstructions


class Similarity(vaekit.Metric):
    """The mean of a similarity of each image and its reconstruction.

    name: of the figure.
    similarity: images `(B, H, W, C)` in [0, 1], twice -> `(B,)`.
    estimator: the shape of a batch of images -> by what it is estimated.
    """

    def __init__(
        self,
        name: str,
        similarity: Callable[[Any, Any], Any],
        estimator: Callable[[tuple[int, ...]], str],
    ) -> None:
        self._name, self._similarity, self._estimator = name, similarity, estimator

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        images = measurement.images
        count = len(images.pixels)
        advance = measurement.progress("decoding", count)
        values = []
        pairs = zip(image_chunks(images), reconstructions(measurement, count), strict=True)
        for x, reconstruction in pairs:
            x, reconstruction = map(ops.convert_to_tensor, (x, reconstruction))
            values.append(ops.convert_to_numpy(self._similarity(x, reconstruction)))
            advance(len(values[-1]))
        return {
            self._name: vaekit.Estimate.mean(
                np.concatenate(values),
                better="higher",
                estimator=self._estimator(images.pixels.shape),
            )
        }


def ssim() -> vaekit.Metric:
    """The structural similarity of images and their reconstructions: 1 where they are equal.

    Wang et al., "Image quality assessment: from error visibility to structural similarity" (IEEE
    Transactions on Image Processing 13(4), 2004), equation 13; TensorFlow's `ssim`. Reconstructions
    are of the z that stands for an image.
    """
    return Similarity("ssim", structural_similarity.ssim, _windows)


def ms_ssim() -> vaekit.Metric:
    """The structural similarity of images and their reconstructions at several scales.

    Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment"
    (Asilomar 2003), equation 7; TensorFlow's `ssim_multiscale`. Images under 161 pixels have fewer
    than five scales, which the estimator says: such figures compare with no published ones.
    """
    return Similarity("ms_ssim", structural_similarity.ms_ssim, _scales)


def _windows(shape: tuple[int, ...]) -> str:
    return f"Gaussian windows of {structural_similarity.window_size(shape)} pixels"


def _scales(shape: tuple[int, ...]) -> str:
    scales, all_scales = map(
        len, (structural_similarity.scale_weights(*shape[1:3]), structural_similarity.SCALE_WEIGHTS)
    )
    return f"{scales} of {all_scales} scales, {_windows(shape)}"
