"""The tutorial's own files: they load, and give what Keras gives."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import vaekit
from benchmarks import repaired_tutorial
from tests.untrusted.others import HEADS, filled, posterior, run, sampling

KERAS2 = Path(__file__).with_name("keras2")


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """The repaired tutorial's three files, with its Lambda layer; and some images."""
    folder = tmp_path_factory.mktemp("tutorial")
    images = keras.Input((28, 28, 1), name="encoder_input")
    body = repaired_tutorial.encoder()
    features = keras.Model(body.inputs[0], body.layers[-1].input)(images)
    mu, log_variance = (layers.Dense(2, name=name)(features) for name in HEADS)
    z = layers.Lambda(sampling, output_shape=(2,), name="encoder_output")([mu, log_variance])
    encoder = keras.Model(images, z, name="encoder_model")
    decoder = repaired_tutorial.decoder()
    whole = keras.Input((28, 28, 1), name="VAE_input")
    vae = filled(keras.Model(whole, decoder(encoder(whole)), name="VAE"))
    for name in HEADS:  # so that draws are of the size of the mean
        head = encoder.get_layer(name)
        head.set_weights([weights / 100 for weights in head.get_weights()])
    vae.compile("adam", repaired_tutorial.reconstruction_loss)
    for name, model in (("VAE_encoder", encoder), ("VAE_decoder", decoder), ("VAE", vae)):
        model.save(folder / f"{name}.h5")
    pixels = np.random.default_rng(1).integers(0, 256, (6, 28, 28, 1), "uint8")
    np.savez(folder / "images.npz", images=pixels)
    return folder


def by_keras(path):
    """What Keras makes of the file when it is told to trust it."""
    custom = {"sampling": sampling}
    return keras.models.load_model(path, custom_objects=custom, compile=False, safe_mode=False)


@pytest.mark.parametrize("name", ["VAE_encoder.h5", "VAE.h5"])
def test_tutorial_encodes_as_in_keras(tutorial, name):
    images = np.load(tutorial / "images.npz")["images"] / np.float32(255)
    ours, theirs = vaekit.load_model(tutorial / name), by_keras(tutorial / name)
    wanted = posterior(theirs).predict(images, verbose=0)
    for found, expected in zip(posterior(ours).predict(images, verbose=0), wanted, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert expected.std() > 0


@pytest.mark.parametrize("name", ["VAE_decoder.h5", "VAE.h5"])
def test_tutorial_decodes_as_in_keras(tutorial, name):
    z = np.random.default_rng(2).standard_normal((6, 2)).astype("float32")
    decoders = [vaekit.load_model(tutorial / name), by_keras(tutorial / name)]
    if name == "VAE.h5":
        decoders = [model.layers[-1] for model in decoders]
    found, expected = (model.predict(z, verbose=0) for model in decoders)
    np.testing.assert_array_equal(found, expected)
    assert expected.shape == (6, 28, 28, 1)


def test_tutorial_samples_around_its_mean(tutorial):
    images = np.load(tutorial / "images.npz")["images"][:1] / np.float32(255)
    encoder = vaekit.load_model(tutorial / "VAE_encoder.h5")
    mean, log_variance = posterior(encoder).predict(images, verbose=0)
    draws = np.asarray(encoder(np.repeat(images, 500, axis=0)))
    np.testing.assert_allclose(draws.mean(axis=0), mean[0], atol=0.3)
    np.testing.assert_allclose(draws.std(axis=0), np.exp(log_variance[0] / 2), rtol=0.2)


@pytest.mark.parametrize("whole", [True, False])
def test_tutorial_on_the_command_line(tutorial, tmp_path, whole):
    names = ("VAE.h5", "VAE.h5") if whole else ("VAE_encoder.h5", "VAE_decoder.h5")
    encoder, decoder = (tutorial / name for name in names)
    data, latents, out = tutorial / "images.npz", tmp_path / "z.h5", tmp_path / "images.h5"
    assert run("encode", encoder, "--data", data, "--out", latents)[0] == 0
    assert run("decode", decoder, latents, "--out", out)[0] == 0
    images = np.load(data)["images"] / np.float32(255)
    mean, log_variance = posterior(by_keras(encoder)).predict(images, verbose=0)
    theirs = by_keras(decoder)
    theirs = theirs.layers[-1] if whole else theirs
    with h5py.File(latents) as found, h5py.File(out) as made:
        np.testing.assert_array_equal(found["z_mean"], mean)
        np.testing.assert_array_equal(found["z_log_var"], log_variance)
        np.testing.assert_array_equal(made["images"], theirs.predict(mean, verbose=0))


@pytest.mark.parametrize("name", ["VAE_encoder", "VAE_decoder", "VAE"])
def test_files_of_keras_2(tmp_path, name):
    """Keras 3 itself can't open the whole one."""
    path = tmp_path / f"{name}.h5"
    path.write_bytes(gzip.decompress((KERAS2 / f"{name}.h5.gz").read_bytes()))
    expected = np.load(KERAS2 / "expected.npz")
    model = vaekit.load_model(path)
    if name != "VAE_decoder":
        found = posterior(model).predict(expected["images"], verbose=0)
        np.testing.assert_allclose(found[0], expected["z_mean"], rtol=1e-5)
        np.testing.assert_allclose(found[1], expected["z_log_var"], rtol=1e-5)
    if name != "VAE_encoder":
        given = expected["z_mean" if name == "VAE_decoder" else "images"]
        np.testing.assert_allclose(model.predict(given, verbose=0), expected["decoded"], rtol=1e-5)


# the command line


@pytest.mark.parametrize(
    ("name", "args", "match"),
    [
        ("VAE_decoder.h5", ["encode", "--data", "digits"], "holds no encoder"),
        ("VAE_encoder.h5", ["decode", "z.h5"], "holds no decoder"),
        ("VAE_encoder.h5", ["encode", "--data", "digits"], "works on 28x28x1 images"),
    ],
)
def test_model_file_of_the_wrong_kind(tutorial, tmp_path, monkeypatch, name, args, match):
    monkeypatch.chdir(tmp_path)
    with h5py.File("z.h5", "w") as file:
        file["z_mean"] = np.zeros((3, 2))
    code, out = run(args[0], tutorial / name, *args[1:], "--out", tmp_path / "out.h5")
    assert code == 2
    assert match in out
    assert not (tmp_path / "out.h5").exists()
