"""Samplers in runs: fitted, saved, read back, and refused where they don't serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vaekit
from parts import IMAGES

LABELS = np.arange(len(IMAGES)) % 3
COMMON = {"encoder": "tiny", "decoder": "tiny", "latent_dim": 3, "loss": "tutorial", "epochs": 1}
SMALL: dict[str, dict[str, Any]] = {
    "mixture": {"components": 2},
    "two-stage": {"units": 8, "epochs": 2},
    "maf": {"steps": 1, "units": 4, "epochs": 1},
    "autoregressive": {"width": 8, "blocks": 1, "epochs": 2},
}


def train(out: Path, **more: Any) -> vaekit.Run:
    values = {**COMMON, "batch_size": 16, "out": str(out), **more}
    return vaekit.train(data=(IMAGES, LABELS), **values, progress=False, figures=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, vaekit.Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "real": train(folder / "real", condition="labels"),
        "codes": train(folder / "codes", latent="vq", latent_opt={"codes": 8}, decoder="tiny-map"),
        "sphere": train(folder / "sphere", latent="von-mises-fisher", loss="elbo"),
    }


@pytest.mark.parametrize(
    ("support", "name"),
    [
        ("real", "mixture"),
        ("real", "vamp"),
        pytest.param("real", "two-stage", marks=pytest.mark.slow),
        pytest.param("real", "maf", marks=pytest.mark.slow),
        ("codes", "autoregressive"),
        ("codes", "vamp"),
        ("sphere", "hypersphere"),
    ],
)
def test_it_is_fitted_saved_and_read_back(
    runs: dict[str, vaekit.Run], support: str, name: str
) -> None:
    run = runs[support]
    data = (IMAGES, LABELS)
    first = run.fit_sampler(name, SMALL.get(name), data=data).read_bytes()
    images = run.sample(5, seed=2, sampler=name)
    again = vaekit.load(run.path)
    np.testing.assert_array_equal(again.sample(5, seed=2, sampler=name), images)
    assert again.fit_sampler(name, SMALL.get(name), data=data).read_bytes() == first
    if again.takes_labels:
        assert again.sample(4, sampler=name, labels=[2, 2, 0, 1]).shape == (4, 8, 8, 1)


def test_codes_that_are_drawn_are_codes(runs: dict[str, vaekit.Run]) -> None:
    run = runs["codes"]
    run.fit_sampler("autoregressive", SMALL["autoregressive"], data=IMAGES)
    z = run.sampler("autoregressive")[1].sample(20, 0, 0.7)
    codes = run.latents(IMAGES).reshape(-1, z.shape[-1])
    apart = np.linalg.norm(z.reshape(-1, 1, z.shape[-1]) - codes, axis=-1).min(axis=1)
    np.testing.assert_allclose(apart, 0.0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "name", "sentence"),
    [
        ({"latent": "vq", "decoder": "tiny-map"}, "mixture", "support real, .* 'autoregressive'"),
        ({}, "autoregressive", "draws whole numbers as codes, and the latent 'normal' has none"),
        ({}, "hypersphere", "for z of support sphere, and the latent 'normal' gives z of support"),
    ],
)
def test_one_that_does_not_serve_is_refused_before_training(
    tmp_path: Path, options: dict[str, Any], name: str, sentence: str
) -> None:
    with pytest.raises(vaekit.BuildError, match=sentence):
        train(tmp_path / "run", sampler=name, **options)
    assert not (tmp_path / "run").exists()
