"""Three short trainings on the kit's digits, by three losses; other seeds are made up of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import vaekit
from tests.made_up_runs import copied, with_seed
from tests.small_nets import SMALL_NETS

LOSSES = ("elbo", "beta", "tutorial")
# Of held-out images, by loss: the first two can't be told apart by ELBO, the third is of another
# likelihood; and by MSE the first is the best.
ELBOS = {
    "elbo": (-180.0, -182.0, -184.0),
    "beta": (-181.0, -183.0, -185.0),
    "tutorial": (-400.0,) * 3,
}
ERRORS = {"elbo": (0.040, 0.041, 0.042), "beta": (0.060, 0.061, 0.062), "tutorial": (0.080,) * 3}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one run for each loss."""
    folder = tmp_path_factory.mktemp("trained")
    for loss in LOSSES:
        vaekit.train(
            **SMALL_NETS,
            loss=loss,
            data="mnist-sample",
            limit=64,
            epochs=2,
            figures=False,
            progress=False,
            out=folder / loss,
        )
    return folder


@pytest.fixture(scope="session")
def nine(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three losses by three seeds, with figures that are easily checked."""
    folder = tmp_path_factory.mktemp("nine")
    for loss in LOSSES:
        for seed in range(3):
            columns = {"val_elbo": ELBOS[loss][seed], "val_mse": ERRORS[loss][seed]}
            copied(trained / loss, folder / f"{loss}-{seed}", with_seed(seed), **columns)
    return folder


@pytest.fixture
def pair(trained: Path, tmp_path: Path) -> Path:
    """A folder of two runs, `one` and `other`, that differ in their seed; to be changed."""
    for seed, name in enumerate(("one", "other")):
        copied(trained / "elbo", tmp_path / name, with_seed(seed), val_mse=0.05 + 0.01 * seed)
    return tmp_path
