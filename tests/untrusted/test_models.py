"""Well-meant models of others: they load, and give what Keras gives."""

from __future__ import annotations

import json
import random

import keras
import numpy as np
import pytest
from keras import layers

import vaekit
from tests.untrusted.others import filled
from vaekit.model_files.checks import SpecError
from vaekit.model_files.layers import LAYERS, make_layer


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
    lines = layers.Reshape((-1, 4))(x)
    lines = layers.GlobalMaxPooling1D(data_format="channels_first", keepdims=True)(lines)
    whole = layers.Rescaling(1.0, dtype="uint16")(layers.Flatten()(lines))
    bins = layers.Discretization(bin_boundaries=[-0.5, 0.25, 1.0])(layers.Rescaling(1.0)(whole))
    bins = layers.Rescaling(1.0)(bins)
    flat = layers.Flatten()(x)
    sides = [
        layers.Dense(5, activation=layers.LeakyReLU(negative_slope=0.4))(flat),
        layers.Dense(5, kernel_initializer=keras.initializers.HeNormal(seed=1))(flat),
    ]
    kinds = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    merged = [getattr(layers, kind)()(sides) for kind in kinds]
    x = layers.Concatenate(axis=-1)([*merged, means, peaks, bins])
    x = layers.Dropout(0.3)(x)
    x = layers.GaussianDropout(0.1)(x)
    x = layers.GaussianNoise(0.1)(x)
    x = layers.Rescaling(0.5, offset=0.1)(x)
    x = layers.UnitNormalization()(x)
    x = layers.Identity()(x)
    x = layers.RepeatVector(3)(x)
    x = layers.Dot((2, 1))([x, layers.Permute((2, 1))(x)])
    x = layers.Rescaling([0.5, 1.0, 2.0], offset=[0.1, 0.2, 0.3])(x)
    x = layers.Embedding(4, 2, embeddings_initializer="zeros")(x)
    x = layers.Reshape((-1, 2))(x)
    x = layers.Softmax(axis=1)(x)
    return filled(keras.Model(images, layers.Activation("swish", name="end")(x), name="large"))


@pytest.mark.parametrize(
    ("kind", "arguments", "text"),
    [
        ("Discretization", {"bin_boundaries": [0.0, 1.0, 1.0]}, "rising"),
        ("Discretization", {"bin_boundaries": list(range(2**16 + 1))}, "a list of 1 to 65536"),
        ("Discretization", {"bin_boundaries": [1e300]}, "a number from"),
        ("Discretization", {"bin_boundaries": [0.0], "output_mode": "one_hot"}, "'int'"),
        ("Discretization", {"num_bins": 2**30}, "None"),
        ("Rescaling", {"scale": 1.0, "dtype": "string"}, "'uint8'"),
        ("Dense", {"units": 2, "dtype": "uint8"}, "'float32'"),
    ],
)
def test_what_codes_need_is_taken_within_bounds(kind, arguments, text):
    with pytest.raises(SpecError, match=text):
        make_layer(kind, arguments)


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
