"""The perceptual distance by hand, of whose features, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from keras import layers
from parts import IMAGES, array, program, tensor
from vaekit.engine import compile_train
from vaekit_distances.feature_network import feature_network
from vaekit_distances.perceptual_distance import PerceptualDistance


@pytest.fixture
def network(tmp_path: Path) -> str:
    """A model of grey images."""
    inputs = layers.Input((8, 8, 1))
    x = layers.Conv2D(3, 3, activation="relu", name="first")(inputs)
    x = layers.BatchNormalization(name="normed")(layers.Conv2D(2, 3, name="second")(x))
    keras.Model(inputs, x).save(tmp_path / "network.keras")
    return str(tmp_path / "network.keras")


def images(channels: int = 1) -> tuple[Any, Any]:
    x, y = np.random.default_rng(0).random((2, 3, 8, 8, channels))
    return tensor(x), tensor(y)


@pytest.mark.backend
def test_it_is_the_difference_of_unit_vectors(network: str) -> None:
    x, y = images()
    distance = PerceptualDistance(feature_network(network, ["first", "second"]))
    expected = np.zeros(3)
    for name in ("first", "second"):
        model = vaekit.load_model(network)
        layer = keras.Model(model.inputs, model.get_layer(name).output)
        one, other = (array(layer(images)) for images in (x, y))
        units = [f / np.sqrt((f**2).sum(-1, keepdims=True) + 1e-8) for f in (one, other)]
        expected += ((units[0] - units[1]) ** 2).sum(-1).mean((1, 2)) / 2
    np.testing.assert_allclose(array(distance(x, y)), expected, rtol=1e-4)
    np.testing.assert_array_equal(array(distance(x, x)), 0.0)


def test_a_vector_is_one_place(tmp_path: Path) -> None:
    inputs = layers.Input((8, 8, 1))
    keras.Model(inputs, layers.Dense(5)(layers.Flatten()(inputs))).save(tmp_path / "vector.keras")
    x, y = images()
    distance = PerceptualDistance(feature_network(str(tmp_path / "vector.keras")))
    assert array(distance(x, y)).shape == (3,)


def test_grey_images_go_to_a_network_of_colour(tmp_path: Path) -> None:
    inputs = layers.Input((8, 8, 3))
    keras.Model(inputs, layers.Conv2D(2, 3)(inputs)).save(tmp_path / "colour.keras")
    features = feature_network(str(tmp_path / "colour.keras"))
    grey, _ = images()
    same = tensor(np.repeat(array(grey), 3, axis=-1))
    np.testing.assert_array_equal(array(features(grey)[0]), array(features(same)[0]))
    with pytest.raises(vaekit.BuildError, match=r"takes images of 8x8x3.* these are 8x8x2"):
        features(images(2)[0])


def test_training_leaves_the_network_as_it_is_and_saves_it(network: str) -> None:
    made = program(loss="perceptual", loss_opt={"network": network, "layers": "first,normed"})
    frozen = made.loss.distance.features.network
    before = [np.array(v.numpy()) for v in frozen.variables]
    assert {id(v) for v in frozen.variables} <= {id(v) for v in made.state}
    row = compile_train(made, IMAGES)(np.arange(32, dtype="int32").reshape(4, 8))
    assert np.isfinite(row).all()
    for variable, value in zip(frozen.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert "elbo" not in made.columns.names


def test_what_cannot_be_used_is_refused(
    network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(vaekit.BuildError, match=r"no layer 'frist'. Did you mean 'first'"):
        feature_network(network, ["frist"])
    with pytest.raises(vaekit.ModelFileError, match="nowhere"):
        feature_network(str(tmp_path / "nowhere.keras"))
    inputs = layers.Input((8, 8, 1))
    unsafe = layers.Lambda(lambda images: images + 1.0)(inputs)
    keras.Model(inputs, unsafe).save(tmp_path / "unsafe.keras")
    with pytest.raises(vaekit.ModelFileError, match="Lambda"):
        feature_network(str(tmp_path / "unsafe.keras"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(vaekit.BuildError, match="VGG16 need its weights, which aren't here"):
        program(loss="perceptual")


@pytest.mark.slow
def test_vgg16_by_the_weights_that_keras_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its features are those of Keras's network on what Keras makes of the pixels."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    h5py = pytest.importorskip("h5py")
    whole = keras.applications.VGG16(include_top=False, weights=None)
    (tmp_path / "models").mkdir()
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with h5py.File(tmp_path / "models" / name, "w") as file:
        save_weights_to_hdf5_group(file, whole)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    features = feature_network("vgg16")
    pixels = np.random.default_rng(0).random((1, 16, 16, 3)).astype("float32")
    got = features(tensor(pixels))
    assert [tuple(f.shape[1:3]) for f in got] == [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)]
    prepared = keras.applications.vgg16.preprocess_input(255.0 * pixels)
    layer = keras.Model(whole.inputs, whole.get_layer("block3_conv3").output)
    np.testing.assert_allclose(array(got[2]), array(layer(prepared)), rtol=1e-3, atol=1e-3)
    with pytest.raises(vaekit.BuildError, match="16 pixels a side at least"):
        features(images(3)[0])
