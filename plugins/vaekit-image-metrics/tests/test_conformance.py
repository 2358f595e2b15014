"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks(
    "ssim",
    "ms-ssim",
    "frechet-distance",
    "kernel-distance",
    "precision-recall",
    "density-coverage",
    "outliers",
    kind="metric",
)
def test_conforms(check):
    check()
