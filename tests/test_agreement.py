"""Backends and kernels compute the same: from equal weights and equal draws, equal losses.

A leaky ReLU has a kink. Now and then rounding alone decides on which side of it a feature lies, and
Adam, whose first step keeps the signs of gradients only, makes that seen in the loss. 8x8 images
have too few features for that. At 28x28, float64 itself goes 3e-4 astray within twenty steps if
1e-7 of a standard deviation is added to what is normalised, kinks being there; so there they
are compared without kinks, and far more closely.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.backend

STEPS = 20
# The script's options, and the greatest distance. Measured: 1.5e-6 and 5e-7.
SIZES = {
    "8x8": ([], 1e-4),
    "28x28 without kinks": (["--data", "large-digits", "--smooth"], 3e-6),
}


def losses(backend: str, options: list[str], folder: Path) -> np.ndarray:
    path = folder / f"{backend}.npy"
    subprocess.run(
        [sys.executable, "-m", "tests.step_losses", str(STEPS), str(path), *options],
        check=True,
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=Path(__file__).parents[1],
    )
    return np.load(path)


@pytest.fixture(scope="module", params=SIZES.values(), ids=SIZES)
def on_tensorflow(request, tmp_path_factory):
    options, distance = request.param
    ours = losses("tensorflow", options, tmp_path_factory.mktemp("losses"))
    assert len(ours) == STEPS
    assert ours[-1] < 0.9 * ours[0]  # so there was something to agree on
    return ours, options, distance


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_losses_of_twenty_steps_agree_with_tensorflow(backend, on_tensorflow, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    ours, options, distance = on_tensorflow
    np.testing.assert_allclose(losses(backend, options, tmp_path), ours, rtol=distance)


@pytest.mark.parametrize(("options", "distance"), SIZES.values(), ids=SIZES)
def test_losses_by_kernels_agree_with_those_by_stock_arithmetic(options, distance, tmp_path):
    fused, stock = (
        losses(keras.backend.backend(), [*options, "--kernels", kernels], tmp_path)
        for kernels in ("fused", "stock")
    )
    assert stock[-1] < 0.9 * stock[0]
    np.testing.assert_allclose(fused, stock, rtol=distance)
    # So that something was compared. On JAX there are none.
    assert np.array_equal(fused, stock) == (keras.backend.backend() == "jax")
