"""A stranger's latent, one file given by `--plugin`: the one of the page on writing a latent."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops

import vaekit
from tests.pages import blocks
from tests.resume.runs import cut, result, resume, train
from vaekit.cli import main
from vaekit.distributions import StandardNormal
from vaekit.plugins import discover, discovery

ROOT = Path(__file__).parent.parent
LATENT = {"latent": "laplace", "latent_dim": 3}
LOSSES = {
    "tutorial": ("tutorial", {}),
    "elbo": ("elbo", {}),
    "beta": ("beta", {"beta": 2.0}),
    "sigma": ("sigma", {}),
    "three-draws": ("elbo", {"samples": 3}),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    (block,) = [b for b in blocks(ROOT / "docs" / "plugins" / "latent.md") if b.file is not None]
    path = tmp_path_factory.mktemp("stranger") / block.file
    path.write_text(block.code)
    return path


@pytest.fixture
def unloaded(site, file, monkeypatch):
    """The file, of which the process forgets what it loads."""
    monkeypatch.setattr(discovery, "_local_parts", discovery._local_parts.copy())
    return file


@pytest.fixture
def loaded(unloaded):
    vaekit.load_plugin(unloaded)
    return discover().registry.get("latent", "laplace").load()


def command(*words):
    done = CliRunner().invoke(main, [str(word) for word in words], prog_name="vaekit")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_a_new_latent_costs(file):
    """Thirty lines in one file, beside the imports; nothing of the kit has to know of it."""
    lines = [line for line in file.read_text().splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith(("import ", "from "))]) <= 30


def test_it_is_listed_and_shown(unloaded):
    assert "laplace" in command("plugins", "list", "--plugin", unloaded)
    assert "latent laplace (local " in command("plugins", "show", "laplace", "--plugin", unloaded)


@pytest.mark.slow
def test_it_passes_the_checks(unloaded):
    verdict = command("plugins", "check", "laplace", "--plugin", unloaded)
    assert "failed" not in verdict
    assert "passed" in verdict


def test_its_law_is_laplace_s(loaded):
    mean, scale = np.array([[0.5, -1.0, 0.0]]), np.array([[0.25, 1.0, 2.0]])
    law = loaded(3).posterior(
        {"z_mean": ops.cast(mean, "float32"), "z_scale": ops.cast(scale, "float32")}
    )
    z = ops.convert_to_numpy(law.sample(keras.random.SeedGenerator(0), (20_000,)))
    np.testing.assert_allclose(np.mean(z, axis=0), mean, atol=0.1)
    np.testing.assert_allclose(np.mean(np.abs(z - mean), axis=0), scale, rtol=0.05)
    # The entropy of each value is 1 + log(2 scale).
    log_q = ops.convert_to_numpy(law.log_prob(ops.convert_to_tensor(z)))
    assert -log_q.mean() == pytest.approx(np.sum(1 + np.log(2 * scale)), rel=0.02)
    log_ratio = log_q - ops.convert_to_numpy(StandardNormal(3).log_prob(ops.convert_to_tensor(z)))
    kl = 0.5 * (mean**2 + 2 * scale**2) + 0.5 * math.log(2 * math.pi) - 1 - np.log(2 * scale)
    assert log_ratio.mean() == pytest.approx(kl.sum(), rel=0.05)


@pytest.mark.parametrize(
    ("loss", "decoder"),
    [
        ("elbo", "small"),
        *(
            pytest.param(loss, decoder, marks=pytest.mark.slow)
            for loss in LOSSES
            for decoder in ("deconv4", "residual")
        ),
    ],
)
def test_it_is_trained_saved_resumed_to_the_bit_and_opened_elsewhere(
    loaded, tmp_path, loss, decoder
):
    name, options = LOSSES[loss]
    parts = {"loss": name, "loss_opt": options, "decoder": decoder, "decoder_opt": {"width": 4}}
    parts |= LATENT
    run = train(tmp_path / "whole", **parts)
    assert all(np.isfinite(list(row.values())).all() for row in run.history)
    cut(tmp_path / "cut", 7, **parts)
    assert result(resume(tmp_path / "cut")) == result(run)

    images = run.held_out().images.pixels[:4]
    z = run.latents(images)
    np.savez(tmp_path / "images.npz", x=images, z=z)
    decoded, point = opened_without_vaekit(run.path, tmp_path / "images.npz")
    np.testing.assert_allclose(point, z, atol=1e-5)
    np.testing.assert_allclose(decoded, run.decode(z), atol=1e-5)


OPENED = """
import sys
sys.modules["vaekit"] = sys.modules["laplace"] = None
import keras, numpy as np

folder, arrays = sys.argv[1:]
taken = np.load(arrays)
load = lambda name: keras.models.load_model(f"{folder}/{name}", compile=False)
for kind in (".keras", ".h5"):
    encoder, decoder, whole = (load(n + kind) for n in ("VAE_encoder", "VAE_decoder", "VAE"))
    point = encoder.predict(taken["x"], verbose=0)
    decoded = decoder.predict(taken["z"], verbose=0)
    assert np.allclose(whole.predict(taken["x"], verbose=0), decoded, atol=1e-5)
    assert not np.allclose(encoder(taken["x"]), point)
parameters = load("VAE_posterior.keras").predict(taken["x"], verbose=0)
assert set(parameters) == {"z_mean", "z_scale"}
assert (parameters["z_scale"] > 0).all()
assert np.allclose(parameters["z_mean"], point, atol=1e-5)
np.savez(arrays, decoded=decoded, point=point)
"""


def opened_without_vaekit(folder, arrays):
    """Reconstructions and points of the images in `arrays`, by the saved models in plain Keras."""
    words = [sys.executable, "-c", OPENED, str(folder), str(arrays)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=arrays.parent)
    assert done.returncode == 0, done.stderr
    saved = np.load(arrays)
    return saved["decoded"], saved["point"]
