"""What is saved of each latent opens in plain Keras, and gives the point under `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from parts import IMAGES, array, blueprint, tensor
from vaekit.model import VAE, prior_model

OPTIONS: dict[str, dict[str, Any]] = {
    "vq": {"codes": 5},
    "residual-vq": {"codes": 5, "depth": 3},
    "product-vq": {"codes": 5},
    "fsq": {"levels": (8, 5, 5, 5)},
    "residual-fsq": {},
    "lfq": {},
    "gumbel-softmax": {"classes": 4},
    "von-mises-fisher": {},
    "poincare": {},
    "hamiltonian": {},
    "riemannian": {},
    "iaf": {"units": 4},
    "ladder": {"units": 4, "groups": 3, "posterior": "residual"},
    "planar": {"steps": 2},
    "radial": {"steps": 2},
    "sylvester": {"steps": 1},
}
# Their encoder draws nothing.
DETERMINISTIC = {"vq", "residual-vq", "product-vq", "fsq", "residual-fsq", "lfq"}
# Their random encoder is of operations, which HDF5 has no word for.
OPERATIONS = {"von-mises-fisher", "poincare"}
CASES = [
    (name, ending)
    for name in OPTIONS
    for ending in (".keras", ".h5")
    if not (name in OPERATIONS and ending == ".h5")
]


def built(name: str) -> VAE:
    return blueprint(latent=name, latent_opt=OPTIONS[name]).build().vae


def reloaded(model: keras.Model, path: Path) -> keras.Model:
    model.save(path)
    return keras.saving.load_model(path, compile=False)


def classes(model: keras.Model) -> set[str]:
    return {type(operation).__module__.split(".")[0] for operation in model.operations}


@pytest.mark.backend
@pytest.mark.parametrize(("name", "ending"), CASES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_each_model_opens_again(tmp_path: Path, name: str, ending: str) -> None:
    vae = built(name)
    x = IMAGES[:4]
    point = np.asarray(vae.point.predict(x, verbose=0))
    encoder = reloaded(vae.encoder, tmp_path / f"encoder{ending}")
    assert classes(encoder) == {"keras"}
    np.testing.assert_allclose(encoder.predict(x, verbose=0), point, atol=1e-6)
    drawn = array(encoder(tensor(x)))
    assert np.array_equal(drawn, array(vae.encoder(tensor(x)))) == (name in DETERMINISTIC)
    assert np.isfinite(drawn).all()
    if name == "von-mises-fisher":
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=-1), 1.0, atol=1e-5)

    for model, taken in ((vae.posterior, x), (vae.decoder, point)):
        again = reloaded(model, tmp_path / f"other{ending}")
        assert classes(again) == {"keras"}
        one, other = (m.predict(taken, verbose=0) for m in (model, again))
        for mine, theirs in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("name", OPTIONS)
def test_prior_opens_again(tmp_path: Path, name: str) -> None:
    vae = built(name)
    model = prior_model(vae)
    assert model is not None
    noise = np.random.default_rng(0).normal(size=(6, *model.inputs[0].shape[1:])).astype("float32")
    again = reloaded(model, tmp_path / "prior.keras")
    assert classes(again) == {"keras"}
    z = again.predict(noise, verbose=0)
    law = vae.prior_distribution()
    np.testing.assert_allclose(
        z.reshape(6, -1), array(law.from_noise(tensor(noise))), rtol=1e-5, atol=1e-6
    )
