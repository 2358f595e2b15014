"""Well-meant models of others: they load, and give what Keras gives."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers, ops

import vaekit
from benchmarks import repaired_tutorial
from vaekit.cli import main
from vaekit.foreign.layers import LAYERS

HEADS = ("encoder_mu", "encoder_log_variance")
KERAS2 = Path(__file__).with_name("keras2")


def sampling(heads):
    mu, log_variance = heads
    return mu + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mu))


def filled(model, seed=0):
    """The model with weights that are neither zeros nor ones."""
    draw = np.random.default_rng(seed)
    model.set_weights([draw.uniform(-0.2, 0.3, w.shape) ** 2 for w in model.get_weights()])
    return model


def posterior(model):
    """Images -> mean and log-variance, of an encoder or of the encoder in a whole."""
    if HEADS[0] not in {layer.name for layer in model.layers}:
        model = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    return keras.Model(model.inputs[0], [model.get_layer(name).output for name in HEADS])


def run(*args):
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    return result.exit_code, result.output


# the tutorial's own files


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


# every layer that is known


def large():
    """A model that holds every layer of `LAYERS`, with arguments that aren't their defaults."""
    x = images = keras.Input((8, 8, 4), name="images")
    x = layers.ZeroPadding2D(((1, 2), (0, 3)))(x)
    x = layers.Cropping2D(((0, 1), (1, 2)))(x)
    x = layers.Conv2D(
        6,
        (3, 2),
        padding="same",
        groups=2,
        activation="gelu",
        kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
        kernel_constraint=keras.constraints.MaxNorm(3.0),
        bias_initializer=keras.initializers.RandomUniform(seed=3),
    )(x)
    x = layers.BatchNormalization(momentum=0.9, scale=False)(x)
    x = layers.LeakyReLU(negative_slope=0.17)(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False)(x)
    x = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=3)(x)
    x = layers.GroupNormalization(groups=3, center=False)(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1)(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.UpSampling2D((2, 3), interpolation="bilinear")(x)
    x = layers.AveragePooling2D((2, 3), strides=2, padding="same")(x)
    x = layers.CenterCrop(8, 8)(x)
    x = layers.LayerNormalization(axis=[2, 3], epsilon=0.01)(x)
    x = layers.SpatialDropout2D(0.2, seed=5)(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.ELU(0.8)(x)
    x = layers.ReLU(max_value=5.0, negative_slope=0.1, threshold=0.2)(x)
    means = layers.GlobalAveragePooling2D()(x)
    peaks = layers.GlobalMaxPooling2D()(x)
    flat = layers.Flatten()(x)
    sides = [
        layers.Dense(5, activation=layers.LeakyReLU(negative_slope=0.4))(flat),
        layers.Dense(5, kernel_initializer=keras.initializers.HeNormal(seed=1))(flat),
    ]
    kinds = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    merged = [getattr(layers, kind)()(sides) for kind in kinds]
    x = layers.Concatenate(axis=-1)([*merged, means, peaks])
    x = layers.Dropout(0.3)(x)
    x = layers.GaussianDropout(0.1)(x)
    x = layers.GaussianNoise(0.1)(x)
    x = layers.Rescaling(0.5, offset=0.1)(x)
    x = layers.UnitNormalization()(x)
    x = layers.Identity()(x)
    x = layers.Reshape((-1, 2))(x)
    x = layers.Softmax(axis=1)(x)
    return filled(keras.Model(images, layers.Activation("swish", name="end")(x), name="large"))


def same(found, expected, batch):
    for one, other in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(
        found.predict(batch, verbose=0), expected.predict(batch, verbose=0)
    )


@pytest.fixture(scope="module")
def large_model():
    return large()


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_every_known_layer_comes_back(large_model, tmp_path, ending):
    assert {type(layer).__name__ for layer in large_model.layers} == {*LAYERS, "InputLayer"}
    large_model.save(tmp_path / f"large{ending}")
    state = random.getstate(), np.random.get_state()[1].tolist()
    found = vaekit.load_model(tmp_path / f"large{ending}")
    assert state == (random.getstate(), np.random.get_state()[1].tolist())
    same(found, large_model, np.random.default_rng(3).random((3, 8, 8, 4), "float32"))
    assert plain_config(found) == plain_config(large_model)
    assert [w.path for w in found.trainable_weights] == [
        w.path for w in large_model.trainable_weights
    ]


def plain_config(model):
    """The config without what Keras numbers anew, and activation layers' own names."""
    text = json.dumps(model.get_config(), sort_keys=True, default=str)
    config = json.loads(text)
    for layer in config["layers"]:
        activation = layer["config"].get("activation")
        if isinstance(activation, dict):
            activation["config"].pop("name")
        layer.pop("build_config", None)
    return sorted(json.dumps(layer["config"], sort_keys=True) for layer in config["layers"])


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_weights_into_a_model_of_ones_own(large_model, tmp_path, ending):
    path = tmp_path / f"a{ending}"
    if ending == ".keras":
        large_model.save(path)
        with pytest.raises(vaekit.ModelFileError, match="can't be read as an HDF5 file"):
            vaekit.load_weights(large(), path)
        return
    large_model.save_weights(path) if "weights" in ending else large_model.save(path)
    other = filled(keras.models.clone_model(large_model), seed=9)
    vaekit.load_weights(other, path)
    for one, two in zip(other.get_weights(), large_model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_weights_into_no_model_of_layers(tmp_path):
    class Own(keras.Model):
        pass

    with pytest.raises(vaekit.ModelFileError, match="functional or sequential"):
        vaekit.load_weights(Own(), tmp_path / "a.weights.h5")


# shapes of models


def nested(frozen):
    """A functional model with a Sequential called twice, and a model of two outputs."""
    block = keras.Sequential(
        [layers.Input((6,)), layers.Dense(6, "relu"), layers.BatchNormalization()], name="block"
    )
    a = keras.Input((6,), name="a")
    two = keras.Model(a, [layers.Dense(3, name="one")(a), layers.Dense(3, name="two")(a)], name="t")
    x = keras.Input((6,), name="x")
    shared = layers.Dense(6, name="shared")
    y = shared(block(shared(block(x))))
    two.get_layer("one").trainable = block.layers[1].trainable = not frozen
    first, second = two(y)
    return filled(keras.Model(x, [layers.Subtract(name="s")([second, first]), y], name="outer"))


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_models_in_models(tmp_path, ending, frozen):
    model = nested(frozen)
    model.save(tmp_path / f"a{ending}")
    found = vaekit.load_model(tmp_path / f"a{ending}")
    batch = np.random.default_rng(0).random((3, 6), "float32")
    for one, two in zip(found.predict(batch), model.predict(batch), strict=True):
        np.testing.assert_array_equal(one, two)
    assert len(found.trainable_weights) == len(model.trainable_weights)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_the_kits_own_models(run_folder, digits, ending):
    for name, given in (("VAE_encoder", digits / 255), ("VAE_decoder", np.ones((2, 2)))):
        path = run_folder / f"{name}{ending}"
        same(
            vaekit.load_model(path),
            keras.models.load_model(path),
            given.reshape(-1, *given.shape[1:]),
        )


# what a Lambda may be


def two_heads(tmp_path, names=HEADS, code=sampling, shape=(3,), other=None):
    x = keras.Input((8, 8, 1))
    flat = layers.Flatten()(x)
    heads = [layers.Dense(3, name=names[0])(flat), layers.Dense(other or 3, name=names[1])(flat)]
    z = layers.Lambda(code, output_shape=shape, name="draw")(heads)
    keras.Model(x, z).save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


def test_lambda_in_the_keras_format(tmp_path):
    model = vaekit.load_model(two_heads(tmp_path, names=("a", "b")))
    assert not any(isinstance(layer, layers.Lambda) for layer in model.layers)
    assert model.output.shape == (None, 3)
    code, out = run("encode", tmp_path / "a.keras", "--data", "digits", "--out", tmp_path / "z.h5")
    assert code == 0, out  # the heads are known by their place, whatever their names are


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"names": HEADS[::-1]}, "takes the mean first"),
        ({"other": 4, "code": lambda heads: heads[0]}, "is no draw of z"),
    ],
)
def test_lambda_that_does_not_look_like_sampling(tmp_path, options, match):
    with pytest.raises(vaekit.ModelFileError, match=match):
        vaekit.load_model(two_heads(tmp_path, **options))


def test_trust_is_keras_loading_the_file(tmp_path):
    canary, target = tmp_path / "canary", str(tmp_path / "canary")
    x = keras.Input((8, 8, 1))
    code = layers.Lambda(
        lambda x: (__import__("pathlib").Path(target).touch(), x)[1], output_shape=(8, 8, 1)
    )
    keras.Model(x, code(x)).save(tmp_path / "a.keras")
    canary.unlink(missing_ok=True)
    with pytest.raises(vaekit.ModelFileError, match=r"Lambda.*who made the file.*trust=True"):
        vaekit.load_model(tmp_path / "a.keras")
    assert not canary.exists()
    model = vaekit.load_model(tmp_path / "a.keras", trust=True)
    assert any(isinstance(layer, layers.Lambda) for layer in model.layers)
    model(np.zeros((1, 8, 8, 1)))
    assert canary.exists()


def test_trust_of_a_damaged_file(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"damaged")
    with pytest.raises(vaekit.ModelFileError, match="can't be read as a Keras model"):
        vaekit.load_model(tmp_path / "a.keras", trust=True)


# the command line


def test_trust_is_for_model_files(run_folder, tmp_path):
    args = ("encode", run_folder, "--data", "digits", "--out", tmp_path / "z.h5", "--trust")
    code, out = run(*args)
    assert code == 2
    assert "--trust is for model files" in out


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


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_keras_deserializer_is_never_called(large_model, tmp_path, monkeypatch, ending):
    from keras.src.legacy.saving import serialization as legacy
    from keras.src.saving import serialization_lib

    large_model.save(tmp_path / f"a{ending}")

    def refuse(*args, **kwargs):
        raise AssertionError("a config was given to Keras")

    for module in (serialization_lib, legacy):
        monkeypatch.setattr(module, "deserialize_keras_object", refuse)
    for kind in (layers.Layer, keras.Model, keras.initializers.Initializer):
        monkeypatch.setattr(kind, "from_config", refuse)
    with pytest.raises((AssertionError, ValueError)):
        keras.models.load_model(tmp_path / f"a{ending}")
    assert vaekit.load_model(tmp_path / f"a{ending}").count_params() == large_model.count_params()
