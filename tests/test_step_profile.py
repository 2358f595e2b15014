"""The profile of a training step, by TensorFlow's own profiler."""

from __future__ import annotations

import json

import keras
import pytest
from click.testing import CliRunner


def test_shares_are_of_the_whole_step(tmp_path):
    from benchmarks import step_profile

    keras.optimizers.Adam()  # so that the step's is not the first of this process
    out = tmp_path / "profile.json"
    args = ["--batch-sizes", "8", "--steps", "3", "--out", str(out)]
    result = CliRunner().invoke(step_profile.main, args)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(out.read_text())["batches"]
    kinds = row["kinds"]
    assert sum(kind["share"] for kind in kinds.values()) == pytest.approx(1)
    libraries = kinds["convolutions"]["share"] + kinds["matrix products"]["share"]
    assert row["bound"] == pytest.approx(1 / libraries)
    assert 0 < row["of_best"] < 1
    assert row["images_per_s"] == pytest.approx(8e3 / row["ms_a_step"])
    nodes = {one["node"].rsplit("/", 1)[-1] for one in row["operations"]}
    assert "Conv2DBackpropFilter" in nodes
    assert all(kinds[name]["ms"] > 0 for name in ("batch norm", "activations", "optimizer"))
