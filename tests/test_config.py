"""The training configuration: the tutorial's defaults, and TOML there and back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import vaekit
from vaekit.config import TrainConfig
from vaekit.config_files import read_config, write_config
from vaekit.errors import OptionError, UserError

pytestmark = pytest.mark.quick

EVERY = {
    "encoder": "resnet",
    "decoder": "resnet@vaekit-resnet",
    "loss": "beta",
    "data": "../data/some images.h5::x",
    "data_opt": {"side": 12},
    "latent": "full-normal",
    "latent_opt": {"grid": True},
    "latent_dim": 7,
    "prior": "mixture",
    "prior_opt": {"components": 5},
    "sampler": "mixture",
    "sampler_opt": {"components": 10},
    "condition": "labels",
    "label_fraction": 0.1,
    "condition_code": "embedded",
    "preset": "tutorial",
    "recipe": "fast",
    "epochs": 3,
    "patience": 2,
    "batch_size": 48,
    "accumulate": 4,
    "learning_rate": 1.25e-3,
    "batch_norm_averages": "moving",
    "seed": 2**31 - 1,
    "limit": 100,
    "validation_split": 0.25,
    "image_size": (45, 61),
    "resize": "pad",
    "skip_bad": True,
    "gray": True,
    "augment": ("flip", "colour"),
    "binarize": "dynamic",
    "data_budget": 3 * 10**9,
    "backend": "jax",
    "precision": "mixed_bfloat16",
    "encoder_opt": {"width": 16, "depths": [1, 2, 3], "norm": True, "rate": 0.5},
    "decoder_opt": {"width": "16"},
    "loss_opt": {"schedule": "cyclical", "beta": 3.5},
    "out": "runs/ü",
    "checkpoint_every": "0.5min",
    "step_log": True,
    "metric": ("nll", "image-error"),
    "metric_opt": {"nll.samples": 50},
    "metric_every": 5,
    "track": ("tensorboard", "wandb"),
    "track_opt": {"wandb.project": "digits"},
    "figures": False,
    "report": False,
    "gif": False,
    "device": "cpu",
    "threads": 3,
    "allocator": "keep",
    "onednn": False,
    "steps_per_call": 7,
    "compile": True,
    "kernels": "stock",
    "xla": True,
    "autotune": "again",
    "remat": True,
    "workers": 4,
    "ray_address": "10.0.0.1:6379",
    "max_restarts": 1,
}


def test_defaults_are_the_tutorials():
    config = TrainConfig()
    assert (config.encoder, config.decoder, config.loss) == ("conv5", "deconv4", "tutorial")
    assert (config.latent_dim, config.epochs, config.batch_size) == (2, 20, 32)
    assert config.learning_rate == 5e-4
    assert (config.data, config.limit, config.image_size, config.gray) == (None, None, None, False)
    assert config.encoder_opt == config.decoder_opt == config.loss_opt == {}
    assert config == TrainConfig.checked({})
    assert vaekit.TrainConfig is TrainConfig


def test_every_field_is_tried_here():
    defaults = TrainConfig().model_dump()
    assert set(EVERY) == set(defaults)
    assert [name for name in EVERY if EVERY[name] == defaults[name]] == []


def round_trip(values, folder):
    config = TrainConfig.checked(values)
    write_config(config, folder / "config.toml")
    return config, TrainConfig.checked(read_config(folder / "config.toml"))


@pytest.mark.parametrize("name", [*EVERY])
def test_one_field_comes_back_from_toml(tmp_path, name):
    beside = {"condition": "labels"} if name == "label_fraction" else {}  # which needs it
    config, back = round_trip({**beside, name: EVERY[name]}, tmp_path)
    assert getattr(back, name) == EVERY[name]
    assert back == config


def test_all_fields_come_back_from_toml(tmp_path):
    config, back = round_trip(EVERY, tmp_path)
    assert back == config
    assert back.model_dump() == EVERY


def test_defaults_come_back_from_toml(tmp_path):
    config, back = round_trip({}, tmp_path)
    assert back == config


def test_an_option_of_none_is_not_lost(tmp_path):
    """TOML has no null; `none` is how the command line says it, and `check_options` reads it."""
    config = TrainConfig(encoder_opt={"rate": None, "width": 3})
    write_config(config, tmp_path / "config.toml")
    assert read_config(tmp_path / "config.toml")["encoder_opt"] == {"rate": "none", "width": 3}
    assert config.encoder_opt["rate"] is None


def test_a_config_file_is_utf8_whatever_the_locale(tmp_path):
    path = tmp_path / "config.toml"
    code = "import sys; from vaekit.config_files import *\n"
    code += "write_config(TrainConfig(out='runs/\\xfc'), sys.argv[1])"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)
    assert read_config(path)["out"] == "runs/ü"


def test_options_tables_are_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        'encoder = "resnet"\nimage_size = [32, 48]\n\n[encoder_opt]\nwidth = 16\ndeep = true\n'
        '\n[loss_opt]\nlikelihood = "gaussian"\nsigma = 0.2\n'
    )
    config = TrainConfig.checked(read_config(path))
    assert config.encoder_opt == {"width": 16, "deep": True}
    assert config.loss_opt == {"likelihood": "gaussian", "sigma": 0.2}
    assert config.decoder_opt == {}
    assert config.image_size == (32, 48)


def test_only_what_a_file_says_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("epochs = 3\n")
    assert read_config(path) == {"epochs": 3}


def refused(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize(
    ("name", "near"), [("latent_dims", "latent_dim"), ("epoch", "epochs"), ("lose", "loss")]
)
def test_an_unknown_key_names_the_file_and_the_closest(tmp_path, name, near):
    error = refused(tmp_path, f"{name} = 3\n")
    assert isinstance(error, OptionError)
    assert str(error).endswith(f": there is no option {name!r}. Did you mean {near!r}?")


def test_an_unknown_key_like_none_lists_them_all(tmp_path):
    text = str(refused(tmp_path, "xyzzy = 3\n"))
    assert all(name in text for name in TrainConfig.model_fields)


def test_an_unknown_table_is_an_unknown_key(tmp_path):
    assert "no option 'encoder_opts'" in str(refused(tmp_path, "[encoder_opts]\nwidth = 3\n"))


@pytest.mark.parametrize(
    "text", ["epochs = ", "epochs 3", "[a", "epochs = 3\nepochs = 4", b"out = '\xff'", "\0"]
)
def test_what_is_no_toml_is_refused(tmp_path, text):
    assert "is not valid TOML" in str(refused(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"Can't read the config file .*none\.toml: No such file"):
        read_config(tmp_path / "none.toml")


def test_a_folder_is_no_config_file(tmp_path):
    with pytest.raises(UserError, match="Can't read the config file"):
        read_config(tmp_path)


BAD = [
    ("latent_dim", 0),
    ("latent_dim", 2.5),
    ("latent_dim", "two"),
    ("epochs", -1),
    ("batch_size", 0),
    ("learning_rate", 0),
    ("learning_rate", -0.1),
    ("learning_rate", float("nan")),
    ("learning_rate", float("inf")),
    ("seed", -1),
    ("seed", 2**31),
    ("limit", 0),
    ("validation_split", 0),
    ("validation_split", 1),
    ("gray", "grey"),
    ("backend", "theano"),
    ("encoder", 3),
    ("image_size", (32, 0)),
    ("encoder_opt", "width=3"),
    ("loss_opt", [1]),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_a_value_that_does_not_fit_is_refused_by_name(name, value):
    with pytest.raises(OptionError, match=rf"^{name} can't be ") as caught:
        TrainConfig.checked({name: value})
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_value_that_does_not_fit_is_refused_with_its_file(tmp_path):
    error = refused(tmp_path, 'epochs = "many"\n')
    assert isinstance(error, OptionError)
    assert str(error).startswith(f"{tmp_path / 'mine.toml'}: epochs can't be 'many': give a ")


def test_an_image_size_of_one_side_is_refused(tmp_path):
    assert "image_size" in str(refused(tmp_path, "image_size = [32]\n"))


def test_a_config_cannot_be_changed_and_shares_no_options():
    config = TrainConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.epochs = 3
    config.encoder_opt["width"] = 3
    assert TrainConfig().encoder_opt == {}


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path):
    path = tmp_path / "none" / "config.toml"
    with pytest.raises(UserError, match=r"Can't write the config file .*No such file"):
        write_config(TrainConfig(), path)
