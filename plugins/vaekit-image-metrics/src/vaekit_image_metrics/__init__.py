"""Metrics of images: of reconstructions, of samples, and of images from elsewhere.

The factories are registered as text, so that finding this plugin imports no Keras.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_metrics(register: vaekit.Register) -> None:
    """Offer the metrics."""
    register(
        "ssim",
        "vaekit_image_metrics.similarity:ssim",
        summary="SSIM: structural similarity of images and their reconstructions.",
    )
    register(
        "ms-ssim",
        "vaekit_image_metrics.similarity:ms_ssim",
        summary="MS-SSIM: the same, at several scales.",
    )
    register(
        "frechet-distance",
        "vaekit_image_metrics.frechet:frechet",
        summary="Fréchet distance of samples from held-out images, in a network's features.",
    )
    register(
        "kernel-distance",
        "vaekit_image_metrics.kernel:kernel",
        summary="Kernel distance (unbiased MMD) of samples from held-out images.",
    )
    register(
        "precision-recall",
        "vaekit_image_metrics.precision_recall:precision_recall",
        summary="How many samples look like images, and how many images samples look like.",
    )
    register(
        "density-coverage",
        "vaekit_image_metrics.density_coverage:density_coverage",
        summary="The same, less moved by odd images: density and coverage.",
    )
    register(
        "outliers",
        "vaekit_image_metrics.outliers:outliers",
        summary="How well the model's scores tell images of another source from its own.",
    )
