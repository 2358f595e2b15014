"""Calibrated scores for ONNX Runtime: what is an outlier, without vaekit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import vaekit
from tests.small_nets import SMALL_NETS

DATA = {"data": "digits", "limit": 200, "epochs": 2, "batch_size": 50, "latent_dim": 3}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    out = tmp_path_factory.mktemp("scorers") / "run"
    trained = vaekit.train(
        **SMALL_NETS, **DATA, loss="elbo", figures=False, progress=False, out=str(out)
    )
    trained.calibrate(score="latent")
    trained.calibrate(score="regret", options={"steps": 1})
    return trained


def test_scores_and_p_values_are_those_of_the_run(run: vaekit.Run, tmp_path: Path) -> None:
    exported = run.export("onnx", "scorer-latent", out=tmp_path / "out")
    images = np.random.default_rng(0).random((7, *run.image_shape), "float32")
    images[:3] = run.held_out().images.pixels[:3]
    session = onnxruntime.InferenceSession(exported.path / "scorer-latent.onnx")
    score, p_value = session.run(["score", "p_value"], {"images": images})
    expected = run.outliers(images, score="latent", alpha=0.05)
    np.testing.assert_allclose(score[:, 0], expected.score, rtol=1e-4)
    np.testing.assert_allclose(p_value[:, 0], expected.p_value, atol=1e-4)
    assert exported.description["parts"]["scorer-latent"]["score_is"] == "latent"


def test_all_has_those_that_are_calibrated_and_functions(run: vaekit.Run, tmp_path: Path) -> None:
    exported = run.export("onnx", out=tmp_path / "all")
    assert exported.written == ("encoder", "posterior", "decoder", "vae", "scorer-latent")
    left_out = exported.description["left_out"]
    assert set(left_out) == {"scorer-regret"}
    assert "gradient steps" in left_out["scorer-regret"]


def test_what_is_not_calibrated_is_refused(run: vaekit.Run, tmp_path: Path) -> None:
    with pytest.raises(vaekit.UserError, match=r"isn't calibrated for 'elbo'"):
        run.export("onnx", "scorer-elbo", out=tmp_path / "none")
    assert not (tmp_path / "none").exists()
