"""The backends compute the same: from equal weights and equal draws, equal losses."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.backend

STEPS = 20


def losses(backend: str, folder: Path) -> np.ndarray:
    path = folder / f"{backend}.npy"
    subprocess.run(
        [sys.executable, "-m", "tests.step_losses", str(STEPS), str(path)],
        check=True,
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=Path(__file__).parents[1],
    )
    return np.load(path)


@pytest.fixture(scope="module")
def on_tensorflow(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return losses("tensorflow", tmp_path_factory.mktemp("losses"))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_losses_of_twenty_steps_agree_with_tensorflow(backend, on_tensorflow, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    theirs = losses(backend, tmp_path)
    assert len(theirs) == STEPS
    assert theirs[-1] < 0.9 * theirs[0]  # so there was something to agree on
    np.testing.assert_allclose(theirs, on_tensorflow, rtol=1e-4)
