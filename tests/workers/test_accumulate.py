"""Two workers, each with its share of a batch in slices, do the steps of one with whole batches."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vaekit
from tests.workers.processes import two_trained

pytestmark = [pytest.mark.backend, pytest.mark.slow]

# No batch norm: its moments are a slice's.
OPTIONS: dict[str, Any] = {
    "encoder": "mlp",
    "decoder": "small",
    "data": "mnist-sample",
    "limit": 100,
    "batch_size": 16,
    "epochs": 1,
    "binarize": "dynamic",
    "step_log": True,
    "figures": False,
}


def _losses(run: Path) -> np.ndarray:
    with (run / "steps.csv").open() as lines:
        return np.array([float(row["loss"]) for row in csv.DictReader(lines)])


def test_slices_of_shares_are_the_batch(tmp_path: Path) -> None:
    two, one = tmp_path / "two", tmp_path / "one"
    ends = two_trained({**OPTIONS, "accumulate": 2, "out": str(two)}, tmp_path / "said")
    vaekit.train(**OPTIONS, out=one, progress=False)
    assert ends[0][1]["weights"] == ends[1][1]["weights"]
    losses, expected = _losses(two), _losses(one)
    assert len(losses) == 7
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
