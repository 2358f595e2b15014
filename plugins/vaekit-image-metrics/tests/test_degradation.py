"""Figures of the classifier's features, of samples that are blurred or noisy by more and more."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from made_up_images import bars, measured
from scipy.ndimage import gaussian_filter
from vaekit_image_metrics.density_coverage import density_coverage
from vaekit_image_metrics.frechet import frechet
from vaekit_image_metrics.kernel import kernel
from vaekit_image_metrics.precision_recall import precision_recall
from vaekit_image_metrics.similarity import ms_ssim, ssim

FRESH = vaekit.as_floats(bars(200, seed=2).pixels)
NOISE = np.random.default_rng(0).normal(size=FRESH.shape)


def noisy(images: np.ndarray, amount: float) -> np.ndarray:
    return np.clip(images + amount * NOISE, 0.0, 1.0).astype("float32")


def blurred(images: np.ndarray, amount: float) -> np.ndarray:
    return gaussian_filter(images, (0.0, amount, amount, 0.0))


@pytest.mark.parametrize(("degrade", "amounts"), [(noisy, (0, 0.1, 0.3)), (blurred, (0, 2, 4))])
def test_distances_rise_and_shares_fall(degrade, amounts) -> None:
    rows = []
    for amount in amounts:
        samples = degrade(FRESH, amount)
        figures: dict[str, vaekit.Estimate] = {}
        for make in (frechet, kernel, precision_recall, density_coverage):
            figures |= measured(make(), samples)
        rows.append({name: estimate.value for name, estimate in figures.items()})
    for name in ("frechet_classifier", "kernel_classifier"):
        values = [row[name] for row in rows]
        assert values == sorted(values)
        assert values[-1] > 2 * abs(values[0])
    for name in ("precision", "recall", "density", "coverage"):
        values = [row[f"{name}_classifier"] for row in rows]
        assert values == sorted(values, reverse=True)
        assert values[0] > 0.8 > values[-1]


def test_samples_of_one_class_lose_half_of_recall_and_coverage() -> None:
    one_class = FRESH[bars(200, seed=2).labels == 0].repeat(2, axis=0)
    figures = measured(precision_recall(), one_class) | measured(density_coverage(), one_class)
    assert figures["precision_classifier"].value > 0.8
    assert figures["recall_classifier"].value < 0.6
    assert figures["coverage_classifier"].value < 0.6


@pytest.mark.parametrize("make", [ssim, ms_ssim])
def test_reconstructions_are_less_alike_the_noisier(make) -> None:
    values = []
    for amount in (0.0, 0.1, 0.3):
        ((name, estimate),) = measured(make(), reconstruct=lambda x, a=amount: x + a).items()
        values.append(estimate.value)
        assert "windows of 11 pixels" in estimate.estimator
    assert name == make.__name__
    assert values[0] == pytest.approx(1.0, abs=1e-6)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.9
