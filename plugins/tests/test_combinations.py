"""Latents, priors, decoders and losses in many combinations: finite, moved, resumed to the bit."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from parts import IMAGES, program, values
from vaekit.engine import Evaluation, compile_train

BATCHES = np.random.default_rng(1).permutation(64)[:32].reshape(4, 8).astype("int32")

THREE = {"loss": "elbo", "loss_opt": {"samples": 3}}
ELBO = {"loss": "elbo"}
PIWAE = {"loss": "piwae", "loss_opt": {"groups": 2, "samples": 3}}
DREG = {
    "loss": "iwae",
    "loss_opt": {"samples": 3, "gradient": "doubly-reparameterised"},
}
GAN = {"loss": "vae-gan", "loss_opt": {"width": 2}}
TOKENIZER = {"loss": "image-tokenizer", "loss_opt": {"width": 2, "start": 0}}
MAP = {"decoder": "tiny-map"}
VQ = {"latent": "vq", "latent_opt": {"codes": 8, "decay": 0.9}}
FSQ = {"latent": "fsq", "latent_opt": {"levels": (8, 5, 5, 5)}}
RESIDUAL = {
    "latent": "residual-vq",
    "latent_opt": {"codes": 8, "depth": 2, "dropout": 0.5, "kmeans": 2, "decay": 0.9},
}
LEARNED = {
    "latent": "vq",
    "latent_opt": {
        **{"codes": 8, "update": "gradient", "similarity": "cosine", "gradient": "rotation"},
        "kmeans": 2,
    },
}
GUMBEL = {"latent": "gumbel-softmax", "latent_opt": {"classes": 3}}
SPHERE = {"latent": "von-mises-fisher"}
BALL = {"latent": "poincare"}
HAMILTONIAN = {"latent": "hamiltonian", "latent_opt": {"steps": 2}}
RIEMANNIAN = {"latent": "riemannian", "latent_opt": {"steps": 1, "centroids": 12}}
IAF = {"latent": "iaf", "latent_opt": {"units": 4}}
LADDER = {"latent": "ladder", "latent_opt": {"units": 4}}
RESIDUALS = {"latent": "ladder", "latent_opt": {"units": 4, "groups": 3, "posterior": "residual"}}
PLANAR = {"latent": "planar", "latent_opt": {"steps": 2}}
RADIAL = {"latent": "radial", "latent_opt": {"steps": 2}}
SYLVESTER = {"latent": "sylvester", "latent_opt": {"steps": 1, "reflections": 2}}
CODE = {"latent": "deterministic"}
VAMP = {"prior": "vamp", "prior_opt": {"inputs": 3}}
MIXTURE = {"prior": "mixture", "prior_opt": {"components": 3}}
MAF = {"prior": "maf", "prior_opt": {"steps": 2, "units": 4}}
REALNVP = {"prior": "realnvp", "prior_opt": {"steps": 2, "units": 4}}

LEVELS = {"loss": "elbo", "loss_opt": {"likelihood": "logistic-mixture", "samples": 3}}
SIGMA = {"loss": "elbo", "loss_opt": {"likelihood": "optimal-gaussian"}}

COMBINATIONS: dict[str, dict[str, Any]] = {
    "normal": ELBO,
    "normal, 3 draws": THREE,
    "normal map, map decoder": {**ELBO, **MAP, "latent_opt": {"grid": True}},
    "deterministic": {**ELBO, "latent": "deterministic"},
    "vq, vector decoder": {**ELBO, **VQ},
    "vq, map decoder": {**ELBO, **VQ, **MAP},
    "fsq": {**ELBO, **FSQ},
    "sphere": {**ELBO, **SPHERE},
    "sphere, 3 draws": {**THREE, **SPHERE},
    "vamp": {**ELBO, **VAMP},
    "mixture, 3 draws": {**THREE, **MIXTURE},
    "iaf": {**ELBO, **IAF},
    "iaf, mixture": {**ELBO, **IAF, **MIXTURE},
    "ladder": {**ELBO, **LADDER},
    "ladder, 3 draws": {**THREE, **LADDER},
    "hamiltonian": {**ELBO, **HAMILTONIAN},
    "hamiltonian, mixture, 3 draws": {**THREE, **HAMILTONIAN, **MIXTURE},
    "riemannian": {**ELBO, **RIEMANNIAN},
    "poincare": {**ELBO, **BALL},
    "piwae, poincare": {**PIWAE, **BALL},
    "piwae": PIWAE,
    "piwae, iaf, mixture": {**PIWAE, **IAF, **MIXTURE},
    "piwae, ladder": {**PIWAE, **LADDER},
    "vae-gan": GAN,
    "vae-gan, vamp": {**GAN, **VAMP},
    # Of our own, beside those of the study.
    "piwae, sphere": {**PIWAE, **SPHERE},
    "vae-gan, vq, map decoder": {**GAN, **VQ, **MAP},
    "residual vq": {**ELBO, **RESIDUAL},
    "vq by gradient, map decoder": {**ELBO, **LEARNED, **MAP},
    "lfq, map decoder": {**ELBO, "latent": "lfq", **MAP},
    "gumbel-softmax, 3 draws": {**THREE, **GUMBEL},
    "free bits, gumbel-softmax": {"loss": "free-bits", **GUMBEL},
    "dreg, sphere": {**DREG, **SPHERE},
    "dreg, ladder": {**DREG, **LADDER},
    "dreg, vamp": {**DREG, **VAMP},
    "free bits, ladder": {"loss": "free-bits", **LADDER},
    "image tokenizer": TOKENIZER,
    "image tokenizer, vq, map decoder": {**TOKENIZER, **VQ, **MAP},
    "ms-ssim, sphere": {"loss": "ms-ssim", **SPHERE},
    "dreg, ar1": {**DREG, "prior": "ar1"},
    "tutorial, iaf, vamp": {**IAF, **VAMP},
    "ladder of residuals, 3 draws": {**THREE, **RESIDUALS},
    "planar, 3 draws": {**THREE, **PLANAR},
    "radial, mixture": {**ELBO, **RADIAL, **MIXTURE},
    "piwae, sylvester, maf": {**PIWAE, **SYLVESTER, **MAF},
    "normal, realnvp": {**ELBO, **REALNVP},
    "256 levels, iaf, mixture": {**LEVELS, **IAF, **MIXTURE},
    "sigma by the error, vq": {**SIGMA, **VQ},
    "wae, deterministic": {"loss": "wae-mmd", **CODE, "prior": "standard-normal"},
    "info-vae, vamp": {"loss": "info-vae", **VAMP},
    "aae, iaf": {"loss": "aae", "loss_opt": {"discriminator_units": 8}, **IAF},
    "rae-gp": {"loss": "rae-gp", "loss_opt": {"directions": 2}, **CODE},
    "rae-sn": {"loss": "rae-sn", **CODE},
}
# Their parts are each in another row, too.
LONG = {
    *("sphere, 3 draws", "ladder, 3 draws", "hamiltonian, mixture, 3 draws", "iaf, mixture"),
    *("piwae, poincare", "piwae, iaf, mixture", "piwae, ladder", "piwae, sphere"),
    *("vae-gan, vamp", "vae-gan, vq, map decoder", "vq, vector decoder"),
    *("free bits, ladder", "dreg, sphere", "dreg, ladder", "dreg, vamp", "tutorial, iaf, vamp"),
    *("image tokenizer, vq, map decoder", "radial, mixture", "256 levels, iaf, mixture"),
}
every = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in COMBINATIONS],
)


def check(name: str, **options: Any) -> None:
    """Four steps, and the last two again from the state that the first two left."""
    whole = program(**COMBINATIONS[name], **options)
    start = values(whole)
    train = compile_train(whole, IMAGES)
    before = train(BATCHES[:2])
    saved = values(whole)
    after = train(BATCHES[2:])
    assert np.isfinite(before).all()
    assert np.isfinite(after).all()
    moved = {
        variable.path: not np.array_equal(first, last)
        for variable, first, last in zip(whole.state, start, values(whole), strict=True)
        if variable.trainable
    }
    assert [path for path, has in moved.items() if not has] == []

    again = program(**COMBINATIONS[name], **options)
    for variable, value in zip(again.state, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(compile_train(again, IMAGES)(BATCHES[2:]), after)
    for one, other in zip(values(again), values(whole), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.backend
@every
def test_trains_and_resumes(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch alone compiles or doesn't")
@every
def test_trains_and_resumes_compiled(name: str) -> None:
    with warnings.catch_warnings():
        # What can't be compiled is run without, and this is said.
        warnings.simplefilter("error", vaekit.VaekitWarning)
        check(name, compiled=True)


@pytest.mark.backend
def test_evaluates_without_a_trace() -> None:
    """Codes, whose averages training alone may move, in an epoch of figures."""
    trained = program(**COMBINATIONS["vq, map decoder"])
    before = values(trained)
    figures = Evaluation(trained, IMAGES)()
    assert figures["elbo"] == pytest.approx(-figures["reconstruction"] - figures["kl"], rel=1e-5)
    assert figures["kl"] == pytest.approx(4 * np.log(8), rel=1e-5)
    assert 1.0 <= figures["perplexity"] <= figures["codes_used"] <= 8
    for one, other in zip(values(trained)[:-2], before[:-2], strict=True):
        np.testing.assert_array_equal(one, other)
