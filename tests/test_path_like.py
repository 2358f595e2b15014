"""Whatever `os.fspath` takes is a path to every call."""

from __future__ import annotations

import pytest

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit.config_files import read_config, write_config
from vaekit.errors import RunError


class Somewhere:
    """No `pathlib.Path`, and no text."""

    def __init__(self, path):
        self._path = str(path)

    def __fspath__(self):
        return self._path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    train_at(Somewhere(path))
    return path


def train_at(out):
    options = {"limit": 16, "batch_size": 8, "epochs": 1, "progress": False}
    return vaekit.train(data="digits", out=out, **SMALL_NETS, **options)


def test_a_run_is_trained_and_loaded_at_one(folder):
    assert vaekit.load(Somewhere(folder)).path == folder
    assert vaekit.load(folder).record.config.out == str(folder)


def test_a_config_takes_one(tmp_path):
    config = vaekit.TrainConfig(out=tmp_path / "run", data=Somewhere(tmp_path / "images"))
    assert (config.out, config.data) == (str(tmp_path / "run"), str(tmp_path / "images"))
    write_config(config, Somewhere(tmp_path / "config.toml"))
    assert read_config(Somewhere(tmp_path / "config.toml"))["out"] == str(tmp_path / "run")


def test_so_do_the_other_calls(folder, tmp_path):
    from vaekit import api

    with pytest.raises(RunError, match="has done all"):
        vaekit.resume(Somewhere(folder))
    with pytest.raises(RunError, match="didn't diverge"):
        api.debug_step(Somewhere(folder))
    model = vaekit.load_model(Somewhere(folder / "VAE_decoder.h5"))
    vaekit.load_weights(model, Somewhere(folder / "VAE_decoder.h5"))
    for read in (vaekit.read_images, vaekit.load_data):
        with pytest.raises(vaekit.DataError, match="no file or folder"):
            read(Somewhere(tmp_path / "nowhere"))
    with pytest.raises(vaekit.UserError, match="no plugin file"):
        vaekit.load_plugin(Somewhere(tmp_path / "nowhere.py"))


def test_images_at_one_are_evaluated(folder, tmp_path):
    with pytest.raises(vaekit.DataError, match="no file or folder"):
        vaekit.load(folder).evaluate(Somewhere(tmp_path / "nowhere"))
