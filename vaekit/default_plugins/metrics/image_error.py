"""How far reconstructions are from images, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import vaekit

_CHUNK = 1024  # images that are held at once
_LEAST = 1e-12  # a mean squared error below which the PSNR doesn't rise


class ImageError(vaekit.Metric):
    """Mean squared error and PSNR of images decoded from the z that stands for each.

    `evaluate`'s own `mse` is of images decoded from draws of the posterior.
    """

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        model, images = measurement.model, measurement.images
        z, count = model.points(images), len(images.pixels)
        done = measurement.progress("decoding", count)
        errors = []
        for start in range(0, count, _CHUNK):
            part = slice(start, start + _CHUNK)
            labels = None if images.labels is None else images.labels[part]
            x = vaekit.as_floats(images.pixels[part])
            errors.append(np.square(x - model.decode(z[part], labels)).mean(axis=(1, 2, 3)))
            done(len(x))
        mse = np.concatenate(errors).astype("float64")
        psnr = -10.0 * np.log10(np.maximum(mse, _LEAST))
        of = "of the point of each image"
        return {
            "mse": vaekit.Estimate.mean(mse, "", "lower", of),
            "psnr": vaekit.Estimate.mean(psnr, "dB", "higher", f"{of}, mean of the images' own"),
        }


def image_error() -> vaekit.Metric:
    """Mean squared error and peak signal-to-noise ratio of reconstructions, for a peak of 1."""
    return ImageError()
