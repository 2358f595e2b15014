"""The saved models of every latent and prior: plain Keras opens them, and they give the same."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from vaekit.default_plugins.latents.deterministic import deterministic
from vaekit.default_plugins.latents.full_normal import full_normal
from vaekit.default_plugins.latents.normal import normal
from vaekit.default_plugins.priors.mixture import mixture
from vaekit.default_plugins.priors.vamp import vamp
from vaekit.distributions import StandardNormal
from vaekit.errors import DataError, ModelFileError
from vaekit.latent import StandardNormalPrior
from vaekit.model import VAE, Condition, prior_draws
from vaekit.model_files import ModelFile, load_model
from vaekit.normal_latent import NormalLatent
from vaekit.run import RunDirectory
from vaekit.run.artifacts import save_artifacts
from vaekit.types import Images

pytestmark = pytest.mark.backend

ONE_HOT, EMBEDDED = Condition(3, "one-hot"), Condition(3, "embedded")
CASES = {
    "normal": {},
    "grid": {"latent": normal(3, grid=True)},
    "full-normal": {"latent": full_normal(3)},
    "deterministic": {"latent": deterministic(3)},
    "vamp": {"prior": vamp(3, (8, 8, 1), inputs=5)},
    "mixture": {"prior": mixture(3, (8, 8, 1), components=4)},
    "by-class": {"condition": ONE_HOT},
    "by-class-embedded": {"condition": EMBEDDED, "latent": normal(3, grid=True)},
    "by-class-mixture": {"condition": ONE_HOT, "prior": mixture(3, (8, 8, 1), components=4)},
}
SIX = {f"{n}{e}" for n in ("VAE_encoder", "VAE_decoder", "VAE") for e in (".h5", ".keras")}
IMAGES = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
LABELS = np.array([[0], [2], [1], [2]], "int32")

OPEN = """
import sys
sys.modules["vaekit"] = None
import keras, numpy as np
for path in sys.stdin.read().split():
    inputs = [value for _, value in sorted(np.load(path + ".inputs.npz").items())]
    model = keras.models.load_model(path, compile=False)  # in safe mode
    output = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    named = output if isinstance(output, dict) else {"output": output}
    np.savez(path + ".outputs.npz", **{n: keras.ops.convert_to_numpy(v) for n, v in named.items()})
"""


def small_vae(*, latent=None, prior=None, condition=None):
    """A VAE of 8x8 images, with nets of one layer or two."""
    latent = latent or normal(3)
    images = layers.Input((8, 8, 1))
    encoder = keras.Model(images, layers.Conv2D(4, 3, strides=4, padding="same")(images))
    width = 0 if condition is None else condition.width
    vector = layers.Input((math.prod(latent.shape((2, 2, 4 + width))) + width,))
    pixels = layers.Dense(64, activation="sigmoid")(vector)
    decoder = keras.Model(vector, layers.Reshape((8, 8, 1))(pixels))
    prior = prior or latent.default_prior()
    return VAE(encoder, decoder, latent=latent, prior=prior, condition=condition)


def as_arrays(values):
    return [keras.ops.convert_to_numpy(value) for value in values]


def inputs_of(vae, name):
    """Images, latents or noise, and labels where the model takes them."""
    random = np.random.default_rng(1).standard_normal
    law = vae.prior_distribution()
    first = {
        "VAE_decoder": lambda: random((4, *vae.latent_shape)),
        "VAE_prior": lambda: random((4, law.noise_dim)),
    }.get(name, lambda: IMAGES)()
    by_class = vae.prior_takes_labels if name == "VAE_prior" else vae.condition is not None
    return [first.astype("float32"), *([LABELS] if by_class else [])]


def expected(vae, name, inputs):
    """What the run itself makes of these."""
    one = inputs if len(inputs) > 1 else inputs[0]
    if name == "VAE_posterior":
        values = as_arrays(keras.tree.flatten(vae.posterior(one, training=False)))
        return dict(zip(vae.posterior_names, values, strict=True))
    if name == "VAE_prior":
        law = vae.prior_distribution(inputs[1] if len(inputs) > 1 else None)
        z = keras.ops.convert_to_numpy(law.from_noise(keras.ops.convert_to_tensor(inputs[0])))
        return {"output": z.reshape(4, *vae.latent_shape)}
    if name == "VAE_decoder":
        output = vae.decoder(one, training=False)
    else:
        output = keras.ops.convert_to_numpy(vae.point(one, training=False))
        if name == "VAE":
            output = vae.decoder([output, LABELS] if inputs[1:] else output, training=False)
    return {"output": keras.ops.convert_to_numpy(output)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Of each case, the model and its folder, every file of which plain Keras opened and called."""
    cases, paths = {}, []
    for case, config in CASES.items():
        vae, folder = small_vae(**config), tmp_path_factory.mktemp(case)
        if case == "by-class-mixture":  # it begins without a difference between classes
            vae.prior_distribution(LABELS)
            kernel = vae.prior.by_condition.kernel
            kernel.assign(np.random.default_rng(0).standard_normal(kernel.shape) * 5)
        left_out = save_artifacts(vae, RunDirectory(folder))
        cases[case] = vae, folder, left_out
        for path in folder.glob("VAE*"):
            inputs = inputs_of(vae, path.stem)
            np.savez(f"{path}.inputs.npz", **dict(zip("ab", inputs, strict=False)))
            paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", OPEN], input="\n".join(paths), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return cases


@pytest.mark.parametrize("case", CASES)
def test_plain_keras_gives_what_the_run_gives(saved, case):
    vae, folder, left_out = saved[case]
    assert left_out == {}
    names = SIX | {"VAE_posterior.keras"}
    if "prior" in CASES[case]:
        names |= {"VAE_prior.keras"}
    files = {path.name for path in folder.glob("VAE*") if path.suffix != ".npz"}
    assert files == names
    for name in files:
        with np.load(folder / f"{name}.outputs.npz") as outputs:
            wanted = expected(vae, name.partition(".")[0], inputs_of(vae, name.partition(".")[0]))
            assert set(outputs) == set(wanted)
            for output, values in wanted.items():
                np.testing.assert_allclose(outputs[output], values, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_the_kit_rebuilds_them_as_it_does_those_of_others(saved, case):
    vae, folder, _ = saved[case]
    images = Images(IMAGES, LABELS[:, 0])
    posterior = ModelFile(folder / "VAE_posterior.keras")
    encoded, wanted = (
        posterior.encoded(images),
        expected(vae, "VAE_posterior", inputs_of(vae, "VAE_posterior")),
    )
    assert set(encoded) == set(wanted)
    for name, values in encoded.items():
        np.testing.assert_allclose(values, wanted[name], atol=1e-5)
    decoder = ModelFile(folder / "VAE_decoder.h5")
    z = inputs_of(vae, "VAE_decoder")[0]
    assert decoder.takes_labels == (vae.condition is not None)
    np.testing.assert_allclose(
        decoder.decode(z, LABELS[:, 0]),
        expected(vae, "VAE_decoder", inputs_of(vae, "VAE_decoder"))["output"],
        atol=1e-5,
    )
    for name in SIX:
        load_model(folder / name)
    if decoder.takes_labels:
        with pytest.raises(DataError, match=r"Label 3 of image 1 is no class: .* 0 to 2"):
            decoder.decode(z, [0, 3, 0, 0])
        with pytest.raises(DataError, match="there are no labels"):
            posterior.encoded(Images(IMAGES))
    if (folder / "VAE_prior.keras").exists():
        with pytest.raises(ModelFileError, match=r"the operation '\w+', .* work with the run"):
            load_model(folder / "VAE_prior.keras")


def test_a_prior_by_class_gives_another_z_of_the_same_noise(saved):
    vae, _, _ = saved["by-class-mixture"]
    noise = np.tile(np.random.default_rng(0).standard_normal((1, vae.latent_dim + 1)), (3, 1))
    law = vae.prior_distribution(np.array([[0], [1], [2]], "int32"))
    z = keras.ops.convert_to_numpy(law.from_noise(keras.ops.cast(noise, "float32")))
    assert len(np.unique(z.round(4), axis=0)) > 1


class Unmade(StandardNormal):
    """A law whose draws aren't made of normal noise."""

    noise_dim = None


class UnmadePrior(StandardNormalPrior):
    def distribution(self, size, posterior_of, condition=None):
        return Unmade(size)


def test_draws_of_a_prior_that_noise_does_not_make():
    vae = small_vae(prior=UnmadePrior())
    z = prior_draws(vae, 5, seed=2)
    assert z.shape == (5, 3)
    np.testing.assert_array_equal(z, prior_draws(vae, 5, seed=2))
    assert not np.array_equal(z, prior_draws(vae, 5, seed=3))


def test_what_a_file_cannot_hold_is_left_out_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(NormalLatent, "point", lambda self, of: keras.ops.tanh(of["z_mean"]))
    monkeypatch.setattr(NormalLatent, "draw", lambda self, of: self.point(of))
    vae = small_vae(prior=UnmadePrior())
    monkeypatch.setattr(type(vae), "has_standard_prior", False)
    left_out = save_artifacts(vae, RunDirectory(tmp_path))
    assert {path.name for path in tmp_path.glob("VAE*")} == {
        *("VAE_encoder.keras", "VAE_decoder.keras", "VAE_decoder.h5", "VAE.keras"),
        "VAE_posterior.keras",
    }
    layers_alone = "HDF5 holds layers alone, and the model has operations: Tanh"
    assert left_out == {
        "VAE_encoder.h5": layers_alone,
        "VAE.h5": layers_alone,
        "VAE_prior.keras": "draws of this prior can't be made of normal noise",
    }
    assert json.dumps(left_out)
