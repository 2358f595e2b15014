"""The sample of MNIST in the package, and the script that draws it.

The script is run on the real MNIST where `MNIST_FOLDER` says that its four IDX files are.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from vaekit.data import load_data
from vaekit.default_plugins import datasets

SCRIPT = Path(__file__).parents[2] / "tools" / "make_mnist_sample.py"
PIXELS_AND_LABELS = "822591b266cd24576f1623d05ad96096a92fcf6378273f995f87550184098d95"  # SHA-256


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_mnist_sample", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_content(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    data = load_data("mnist-sample")
    assert data.source == "mnist-sample"
    assert data.classes == tuple("0123456789")
    assert data.stored == "uint8, 0..255"
    assert data.train.pixels.shape == (6000, 28, 28, 1)
    assert data.test.pixels.shape == (1000, 28, 28, 1)
    content = hashlib.sha256()
    for images, of_each in ((data.train, 600), (data.test, 100)):
        assert images.pixels.dtype == np.uint8
        assert np.bincount(images.labels).tolist() == [of_each] * 10
        assert images.labels[:30].tolist() == [*range(10)] * 3  # so that --limit is balanced, too
        content.update(images.pixels.tobytes())
        content.update(images.labels.astype(np.uint8).tobytes())
    assert content.hexdigest() == PIXELS_AND_LABELS
    assert not (tmp_path / "home").exists()  # nothing is fetched, nor looked for


def test_wheel_holds_the_images_and_their_licence():
    files = {str(path): path for path in importlib.metadata.files("vaekit")}
    if "vaekit/default_plugins/datasets.py" not in files:
        pytest.skip("vaekit is installed from its folder, not from a wheel")
    shipped = files["vaekit/default_plugins/mnist_sample.npz"].locate()
    assert shipped.read_bytes() == datasets.MNIST_SAMPLE.read_bytes()
    assert "vaekit/default_plugins/mnist_sample.LICENSE" in files


def test_script_draws_the_file_again(script, tmp_path):
    folder = os.environ.get("MNIST_FOLDER")
    if folder is None:
        pytest.skip("MNIST_FOLDER doesn't say where MNIST's four IDX files are")
    script.write(script.sample(Path(folder)), tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as again, np.load(datasets.MNIST_SAMPLE) as shipped:
        assert again.files == shipped.files
        for name in again.files:
            np.testing.assert_array_equal(again[name], shipped[name])
    if "zlib-ng" not in zlib.ZLIB_RUNTIME_VERSION:  # which packs the same arrays otherwise
        assert (tmp_path / "again.npz").read_bytes() == datasets.MNIST_SAMPLE.read_bytes()


def test_script_draws_of_each_class_in_turns(script):
    labels = np.repeat(np.arange(10, dtype=np.uint8), 7)
    first, again = (script.draw(labels, 3, np.random.RandomState(1)) for _ in range(2))
    assert labels[first].tolist() == [*range(10)] * 3
    assert len(set(first)) == 30
    np.testing.assert_array_equal(first, again)
    assert (script.draw(labels, 3, np.random.RandomState(2)) != first).any()


def test_script_writes_no_date(script, tmp_path, monkeypatch):
    arrays = {"x_train": np.zeros((2, 28, 28), np.uint8), "y_train": np.arange(2, dtype=np.uint8)}
    script.write(arrays, tmp_path / "a.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    script.write(arrays, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_script_takes_the_published_files_only(script, tmp_path):
    with pytest.raises(SystemExit, match="holds neither train-labels-idx1-ubyte nor"):
        script.sample(tmp_path)
    (tmp_path / script.TRAIN_LABELS).write_bytes(bytes(8) + bytes(60_000))
    with pytest.raises(SystemExit, match="is not the published train-labels-idx1-ubyte"):
        script.sample(tmp_path)
