"""Scores that a run's parts can't give, and those that they can."""

from __future__ import annotations

import pytest

import vaekit
from tests.codes import Codes
from tests.outliers.conftest import train
from vaekit.errors import UserError

pytestmark = pytest.mark.usefixtures("registering")

OTHERS = r"Choose another: score='reconstruction' or score='latent'\."


@pytest.mark.parametrize("score", ["elbo", "regret"])
def test_a_code_without_noise_has_no_elbo(plain: vaekit.Run, score: str) -> None:
    with pytest.raises(UserError, match=f"'deterministic' has none. {OTHERS}"):
        plain.calibrate(None, score)
    assert not (plain.path / "calibration.json").exists()


@pytest.mark.slow
def test_it_has_what_is_offered(plain: vaekit.Run, tmp_path) -> None:
    run = train(tmp_path / "run", latent="deterministic")
    for score in ("reconstruction", "latent"):
        assert len(run.calibrate(None, score).scores) == 180


@pytest.mark.slow
def test_codes_have_no_distance(tmp_path) -> None:
    vaekit.register_latent("codes", lambda latent_dim: Codes(latent_dim))
    run = train(tmp_path / "run", latent="codes")
    with pytest.raises(UserError, match=r"support real.*'codes' gives z of support codes\. Choose"):
        run.calibrate(None, "latent")
    with pytest.raises(UserError, match=r"Choose another: score='reconstruction'\."):
        run.calibrate(None, "regret")


class NoLikelihood(vaekit.Loss):
    def __call__(self, x, output):
        from keras import ops

        return {"error": ops.mean(ops.square(x - output.reconstruction), axis=(1, 2, 3))}


@pytest.mark.slow
def test_a_loss_without_a_likelihood_has_no_elbo(tmp_path) -> None:
    vaekit.register_loss("error", NoLikelihood)
    run = train(tmp_path / "run", loss="error")
    with pytest.raises(UserError, match=f"the loss 'error' declares no likelihood. {OTHERS}"):
        run.calibrate(None, "elbo")


class Bounded(vaekit.NormalLatent):
    free_parameters = False


@pytest.mark.slow
def test_parameters_within_bounds_are_not_moved(tmp_path) -> None:
    vaekit.register_latent("bounded", lambda latent_dim: Bounded(latent_dim))
    run = train(tmp_path / "run", latent="bounded", loss="elbo")
    with pytest.raises(UserError, match=r"'bounded' keeps its own within bounds.*score='elbo' or"):
        run.calibrate(None, "regret")
