"""The residual parts with the kit's own, under every loss of the kit, grey and in colour."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit

SHAPES = [
    (28, 28, 1),
    pytest.param((32, 32, 3), marks=pytest.mark.slow),
    pytest.param((45, 61, 3), marks=pytest.mark.slow),
]
LOSSES = ["tutorial", "elbo", "beta"]
SMALL = {"width": 8, "depth": 1}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("encoder", "decoder"), [("resnet", "deconv4"), ("conv5", "resnet")])
def test_trains(tmp_path, encoder, decoder, loss, shape):
    images = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype="uint8")
    run = vaekit.train(
        encoder,
        decoder,
        loss,
        images,
        encoder_opt=SMALL if encoder == "resnet" else {"width": 8},
        decoder_opt=SMALL if decoder == "resnet" else {"width": 8},
        epochs=1,
        batch_size=8,
        out=str(tmp_path / "run"),
        progress=False,
        figures=False,
    )
    part = run.record.parts["encoder" if encoder == "resnet" else "decoder"]
    assert part.distribution == "vaekit-resnet"
    loaded = vaekit.load(run.path)
    rebuilt = loaded.reconstruct(images)
    assert rebuilt.shape == images.shape
    np.testing.assert_allclose(rebuilt, run.reconstruct(images), atol=1e-5)
    if loss != "tutorial":  # a Bernoulli's means are probabilities
        assert rebuilt.min() >= 0
        assert rebuilt.max() <= 1
    assert np.isfinite(run.history[-1]["val_loss"])
