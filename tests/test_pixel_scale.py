"""White is what it was when a run began, whatever the images are that come later."""

from __future__ import annotations

import json

import numpy as np
import pytest

import vaekit
from tests.cli.commands import cli
from tests.small_nets import SMALL_NETS

TINY = {
    "epochs": 1,
    "batch_size": 8,
    **SMALL_NETS,
    "progress": False,
}
BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
# What each kind of source keeps of the same images, and the value that is white there.
KEPT = {
    "uint16": (BYTES.astype("uint16") * 257, 65535),
    "float64": (BYTES.astype("float64"), 255),
    "uint8": (BYTES // 128, 1),
}


@pytest.fixture(scope="module", params=KEPT)
def trained(request, tmp_path_factory):
    images, white = KEPT[request.param]
    out = tmp_path_factory.mktemp("scale") / request.param
    return vaekit.train(data=images, out=out, **TINY), images, white


def dark(images, white):
    """One image whose largest value is a hundredth of white, or nothing of a mask."""
    image = np.zeros((1, 8, 8), images.dtype)
    image[0, 2:4] = white // 100
    return image


def test_a_dark_image_is_the_same_alone_and_beside_a_bright_one(trained):
    run, images, white = trained
    assert run.record.data.scale == {images.dtype.name: white}
    image = dark(images, white)
    alone = run.encode(image).z_mean
    beside = run.encode(np.concatenate([image, np.full_like(image, white)])).z_mean[:1]
    np.testing.assert_allclose(alone, beside, atol=1e-5)
    floats = (image / white).astype("float32")
    if images.dtype.kind != "f":  # floats are the run's own there
        np.testing.assert_allclose(alone, run.encode(floats).z_mean, atol=1e-5)


def test_files_and_commands_go_by_it_too(trained, tmp_path):
    run, images, white = trained
    np.savez(tmp_path / "dark.npz", x_train=dark(images, white))
    cli("encode", run.path, "--data", tmp_path / "dark.npz", "--out", tmp_path / "z.h5")
    import h5py

    with h5py.File(tmp_path / "z.h5") as file:
        z = file["z_mean"][:]
    np.testing.assert_allclose(z, run.encode(dark(images, white)).z_mean, atol=1e-5)
    alone = run.evaluate(dark(images, white))["mse"]
    assert run.evaluate(str(tmp_path / "dark.npz"))["mse"] == pytest.approx(alone)


PLUGIN = """
import numpy as np
import vaekit

def squares(*, side: int = 8, value: int = 200):
    '''Squares.

    Args:
        side: of an image.
        value: of a pixel.
    '''
    pixels = np.full((20, side, side, 1), value, np.uint8)
    pixels[:, :4] = np.arange(20, dtype=np.uint8)[:, None, None, None]
    return vaekit.Dataset("squares", vaekit.Images(pixels))

@vaekit.hookimpl
def register_datasets(register):
    register("squares", squares)
"""


def test_a_data_set_takes_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "squares.py").write_text(PLUGIN)
    line = [
        *("--plugin", "squares.py", "train", "--data", "squares", "--data-opt", "side=12"),
        *("--epochs", "1", "--batch-size", "8", "--encoder-opt", "width=4"),
        *("--decoder-opt", "width=4", "--out", "run"),
    ]
    cli(*line)
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert record["image_shape"] == [12, 12, 1]
    assert record["data"]["part"]["options"] == {"side": 12, "value": 200}
    cli("--plugin", "squares.py", "evaluate", "run")  # read again with the same options
    cli("--plugin", "squares.py", "resume", "run", "--epochs", "2")
