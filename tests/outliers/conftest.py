"""Two small runs on digits, whose 180 held-out images calibrate them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import vaekit
from tests.small_nets import SMALL_NETS

SHORT = {"data": "digits", "limit": 200, "epochs": 2, "batch_size": 50, "latent_dim": 3}
LEARNING = {"limit": 1000, "epochs": 20, "encoder_opt": {"width": 32}, "decoder_opt": {"width": 32}}
QUIET = {"figures": False, "progress": False}


def train(out: Path, **more: object) -> vaekit.Run:
    return vaekit.train(**{**SMALL_NETS, **SHORT, **QUIET, "out": str(out), **more})


@pytest.fixture(scope="package")
def bernoulli(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """By the ELBO."""
    return train(tmp_path_factory.mktemp("bernoulli") / "run", loss="elbo", **LEARNING)


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    """A code without noise."""
    return train(tmp_path_factory.mktemp("plain") / "run", latent="deterministic")


@pytest.fixture(scope="package")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (400, 8, 8, 1), "uint8")


@pytest.fixture(scope="package")
def of_arrays(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> vaekit.Run:
    """A run that was trained on an array, of bytes."""
    out = tmp_path_factory.mktemp("arrays") / "run"
    return train(out, data=pixels, loss="elbo", epochs=1)


@pytest.fixture
def run(bernoulli: vaekit.Run, tmp_path: Path) -> vaekit.Run:
    """A copy, which isn't calibrated."""
    return vaekit.load(shutil.copytree(bernoulli.path, tmp_path / "copy"))
