"""The kit's own data sets, with a small cache and a server of our own in place of the network."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from functools import partial

import numpy as np
import pytest

import vaekit
from vaekit.data import load_data
from vaekit.default_plugins import datasets, download, dsprites
from vaekit.errors import DataUnavailableError

NOWHERE = "http://127.0.0.1:9/nothing"  # the discard port: refused at once


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty Keras home, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(datasets, "ORIGIN", NOWHERE)
    monkeypatch.setattr(dsprites, "URL", f"{NOWHERE}/dsprites")
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path, monkeypatch, home):
    """A folder that is served where the data sets are fetched from."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setattr(datasets, "ORIGIN", f"http://127.0.0.1:{running.server_port}")
        yield folder
        running.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def fake_mnist(folder, pixels, monkeypatch):
    """A small `mnist.npz`, and its hash as the published one."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = pixels(4, 28, 28), np.arange(4)
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    known(monkeypatch, datasets.MNIST, "mnist.npz", folder / "mnist.npz")
    return x


def known(monkeypatch, hashes, name, path):
    monkeypatch.setitem(hashes, name, hashlib.sha256(path.read_bytes()).hexdigest())


def test_mnist_from_the_cache(home, pixels, monkeypatch):
    x = fake_mnist(home / "datasets", pixels, monkeypatch)
    data = load_data("mnist")
    assert data.source == "mnist"
    assert data.classes == tuple("0123456789")
    np.testing.assert_array_equal(data.train.pixels[..., 0], x)
    assert data.test.labels.tolist() == [0, 1]


def test_fashion_mnist_from_the_cache(home, pixels, write_idx, monkeypatch):
    folder = home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    x, y = pixels(4, 28, 28), np.arange(4, dtype=np.uint8)
    for name, array in (("train-images-idx3", x), ("t10k-images-idx3", x[:2])):
        write_idx(folder / f"{name}-ubyte.gz", array)
    for name, array in (("train-labels-idx1", y), ("t10k-labels-idx1", y[:2])):
        write_idx(folder / f"{name}-ubyte.gz", array)
    for name in list(datasets.FASHION_MNIST):
        known(monkeypatch, datasets.FASHION_MNIST, name, home / "datasets" / name)
    data = load_data("fashion_mnist")
    assert data.classes[9] == "Ankle boot"
    assert data.stored == "uint8, 0..255"
    np.testing.assert_array_equal(data.train.pixels[..., 0], x)
    np.testing.assert_array_equal(data.test.pixels[..., 0], x[:2])
    assert data.train.labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "instead"),
    [("mnist", "mnist-sample"), ("fashion_mnist", "mnist-sample"), ("dsprites", "shapes")],
)
def test_neither_cached_nor_reachable(home, name, instead, capsys):
    with pytest.raises(
        DataUnavailableError, match=f"'{name}'.*is not cached.*the data set {instead}"
    ):
        load_data(name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "mnist.npz"),
        ("fashion_mnist", "fashion-mnist/train-images-idx3-ubyte.gz"),
        ("dsprites", f"dsprites/{dsprites.NAME}"),
    ],
)
def test_changed_in_the_cache(home, name, file):
    path = home / "datasets" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other bytes")
    with pytest.raises(DataUnavailableError, match="another hash than the published one"):
        load_data(name)
    assert path.read_bytes() == b"other bytes"


def test_download(home, server, pixels, monkeypatch, capsys):
    x = fake_mnist(server, pixels, monkeypatch)
    data = load_data("mnist")
    np.testing.assert_array_equal(data.train.pixels[..., 0], x)
    assert [p.name for p in (home / "datasets").iterdir()] == ["mnist.npz"]
    out, err = capsys.readouterr()
    assert out == ""
    assert "Downloading" in err


def test_download_mends_the_cache(home, server, pixels, monkeypatch):
    fake_mnist(server, pixels, monkeypatch)
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "mnist.npz").write_bytes(b"damaged")
    assert len(load_data("mnist").train.pixels) == 4


def test_download_of_other_bytes(home, server):
    (server / "mnist.npz").write_bytes(b"something else")
    with pytest.raises(DataUnavailableError, match="what came has another hash"):
        load_data("mnist")
    assert os.listdir(home / "datasets") == []


def test_download_not_found(home, server):
    with pytest.raises(DataUnavailableError, match="404"):
        load_data("mnist")


def test_silent_network(home, monkeypatch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(datasets, "ORIGIN", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(download, "PATIENCE", 0.1)
        with pytest.raises(DataUnavailableError, match="timed out"):
            load_data("mnist")


def test_dsprites(home, monkeypatch):
    """A small file like it, in which each image's first pixels are its factors, as bits."""
    h5py = pytest.importorskip("h5py")
    monkeypatch.setattr(dsprites, "FACTORS", {"shape": 3, "scale": 2, "posX": 4})
    monkeypatch.setattr(dsprites, "TOGETHER", 5)
    combinations = np.stack(np.unravel_index(np.arange(24), (3, 2, 4)), axis=1)
    bits = np.zeros((24, 64, 64), np.uint8)
    bits[:, 0, :6] = combinations.repeat(2, axis=1) >> [1, 0] * 3 & 1
    path = home / "datasets/dsprites" / dsprites.NAME
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("imgs", data=bits, compression="gzip")
    monkeypatch.setattr(dsprites, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    data, other = (load_data("dsprites", options={"images": 20, "seed": seed}) for seed in (0, 1))
    assert data.test is None
    assert data.factors == {"shape": 3, "scale": 2, "posX": 4}
    assert data.stored == "uint8, 0 and 1"
    assert len(np.unique(data.train.factors, axis=0)) == 20
    assert (data.train.factors != other.train.factors).any()
    np.testing.assert_array_equal(data.train.labels, data.train.factors[:, 0])
    seen = data.train.pixels[:, 0, :6, 0] // 255
    np.testing.assert_array_equal(seen[:, ::2] * 2 + seen[:, 1::2], data.train.factors)


def test_dsprites_holds_each_combination_once():
    assert dsprites.COUNT == 737_280
    with pytest.raises(vaekit.OptionError, match="takes images=int, not '737281'"):
        load_data("dsprites", options={"images": "737281"})


def test_digits():
    data = load_data("digits")
    assert data.train.pixels.shape == (1797, 8, 8, 1)
    assert data.train.pixels.dtype == np.float32
    assert (data.train.pixels.min(), data.train.pixels.max()) == (0, 1)
    assert np.bincount(data.train.labels).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]  # fmt: skip
    assert data.test is None
    assert data.stored == "float64, 0..16"
    assert isinstance(data, vaekit.Dataset)
