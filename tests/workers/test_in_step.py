"""Two workers do the steps that one does with whole batches."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vaekit
from tests.small_nets import SMALL_NETS
from tests.workers.processes import two_trained
from vaekit.run_directory import RunDirectory

pytestmark = pytest.mark.backend

# Every kind of noise that hangs on the image: z's, that of pixels, that of augmentation. Of the
# last batch 2 images are left, and 1 of all images, so that two workers have equal shares.
OPTIONS: dict[str, Any] = {
    **SMALL_NETS,
    "data": "mnist-sample",
    "limit": 323,
    "epochs": 2,
    "augment": ["shift"],
    "binarize": "dynamic",
    "step_log": True,
    "figures": False,
}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("two")
    return two_trained({**OPTIONS, "out": str(folder / "run")}, folder / "said")


def _losses(run: Path) -> np.ndarray:
    with (run / "steps.csv").open() as lines:
        return np.array([float(row["loss"]) for row in csv.DictReader(lines)])


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one process on the images that two have."""
    out = tmp_path_factory.mktemp("one") / "run"
    vaekit.train(**{**OPTIONS, "limit": 322, "out": out}, progress=False)
    return out


def test_losses_are_those_of_one(two: list[tuple[str, dict[str, Any]]], one: Path) -> None:
    expected, losses = _losses(one), _losses(Path(two[0][1]["path"]))
    assert len(losses) == 22
    np.testing.assert_allclose(losses, expected, rtol=1e-4 / expected.min())
    row, of_one = (RunDirectory(path).read_history()[-1] for path in (two[0][1]["path"], one))
    assert row["val_loss"] == pytest.approx(of_one["val_loss"], rel=1e-4)


def test_weights_are_equal_to_the_bit(two: list[tuple[str, dict[str, Any]]]) -> None:
    assert two[0][1]["weights"] == two[1][1]["weights"]
    assert two[0][1]["path"] == two[1][1]["path"]


def test_the_first_alone_speaks_and_records(two: list[tuple[str, dict[str, Any]]]) -> None:
    (said, end), (other, _) = two
    assert "epoch 2/2" in said
    assert "The last 1 of the 323 training images are left out" in said
    assert other == ""
    run = RunDirectory(end["path"])
    record = run.read_record()
    assert (record.status, record.config.workers) == ("complete", 2)
    assert [row["epoch"] for row in run.read_history()] == [1, 2]


def test_a_run_goes_on_with_as_many(one: Path, tmp_path: Path) -> None:
    run = shutil.copytree(one, tmp_path / "run")
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"workers": 1', '"workers": 2'))
    (run / "manifest.json").unlink()
    again = {**OPTIONS, "limit": 322, "epochs": 3, "out": run}
    with pytest.raises(vaekit.RunError, match="workers: was 2, is 1"):
        vaekit.train(**again, resume=True, progress=False)
