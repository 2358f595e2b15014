"""Names, options and config files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bad_input.refusals import check_message, refused, usage_refused
from vaekit.cli import main

# names


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--encoder", "conv55"], r"no encoder 'conv55'\. Did you mean 'conv5'\?"),
        (["--decoder", "decon4"], r"no decoder 'decon4'\. Did you mean 'deconv4'\?"),
        (["--loss", "tutorail"], r"no loss 'tutorail'\. Did you mean 'tutorial'\?"),
        (["--loss", "xyzzy"], r"no loss 'xyzzy'\. Choose from: beta, .*tutorial"),
        (["--encoder", "conv5@elsewhere"], r"no encoder 'conv5@elsewhere'\. Did you .*'conv5'\?"),
        (["--data", "digit"], r"no data set 'digit', .*Did you mean 'digits'\?"),
        (["--data", "fashion-mnist"], r"Did you mean 'fashion_mnist'\?"),
        (["--data", "no/such.npz"], r"no file or folder no/such\.npz\."),
    ],
)
def test_unknown_name(tmp_path, args, match):
    refused(tmp_path, "train", *args, "--out", tmp_path / "run", match=match)


def test_unknown_part_to_show(tmp_path):
    refused(tmp_path, "plugins", "show", "conv55", match=r"no part 'conv55'\. Did you mean 'conv5'")


def test_unknown_data_to_look_at(tmp_path):
    refused(tmp_path, "data", "info", "mnits", match=r"'mnits'.*Did you mean 'mnist'\?")


# options


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (
            ["--encoder-opt", "widht=3"],
            r"'conv5' has no option 'widht'; it takes width=int\. .*wid",
        ),
        (["--decoder-opt", "x=3"], r"'deconv4' has no option 'x'; it takes width=int\."),
        (
            ["--loss", "beta", "--loss-opt", "warmup=3"],
            r"takes beta=float, schedule=constant\|linear\|cyclical, .*likelihood=.*sigma=float",
        ),
        (["--encoder-opt", "width=wide"], r"'conv5' takes width=int, not 'wide': .*integer"),
        (["--encoder-opt", "width=1"], r"width=int, not '1': .*greater than or equal to 2"),
        (
            ["--loss", "elbo", "--loss-opt", "likelihood=x"],
            r"likelihood=bernoulli\|gaussian\|[a-z|-]*, not",
        ),
        (["--latent-dim", "0"], r"--latent-dim can't be 0: .*greater than or equal to 1"),
        (["--epochs", "-1"], r"--epochs can't be '-1': give a number of epochs, or auto"),
        (["--epochs", "many"], r"--epochs can't be 'many': give a number of epochs, or auto"),
        (["--batch-size", "0"], r"--batch-size can't be 0"),
        (["--learning-rate", "0"], r"--learning-rate can't be 0\.0: .*greater than 0"),
        (["--learning-rate", "nan"], r"--learning-rate can't be nan"),
        (["--limit", "0"], r"--limit can't be 0"),
        (["--seed", "-3"], r"--seed can't be -3"),
        (["--validation-split", "1"], r"--validation-split can't be 1\.0"),
        (["--image-size", "4x30"], r"8 or more"),
        (["--limit", "20"], r"batch of 32 is more than the 20 training images.*--batch-size"),
    ],
)
def test_option(tmp_path, args, match):
    args = ["train", "--data", "digits", *args, "--out", tmp_path / "run"]
    refused(tmp_path, *args, match=match)


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["--encoder-opt", "width"], r"'--encoder-opt': 'width' is not of the form name=value"),
        (["--loss-opt", "=3"], r"'--loss-opt': '=3' is not of the form name=value"),
        (["--backend", "tensorfow"], r"'tensorfow' is not one of 'tensorflow', 'jax', 'torch'"),
        (["--image-size", "28x"], r"'--image-size': '28x' is not a size like 64 or 64x48"),
        (["--image-size", "2²"], r"'--image-size': '2²' is not a size like 64 or 64x48"),
        (["--data", "digits", "--data", "mnist"], r"'--data': it is given 2 times; give one value"),
        (["--encodr", "conv5"], r"No such option.*--encodr.*--encoder"),
    ],
)
def test_usage(tmp_path, args, match):
    usage_refused(tmp_path, "train", *args, match=match)


def test_diverged_training_leaves_only_the_step_to_look_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = ["train", "--data", "digits", "--limit", "64", "--learning-rate", "1e30"]
    small = ["--encoder", "small", "--decoder", "small", "--out", "run"]
    result = CliRunner().invoke(main, [*args, *small], prog_name="vaekit")
    check_message(
        result.exit_code,
        result.stderr,
        r"'\w+' is not finite at step \d+ of epoch 1\. Try a smaller --learning-rate",
    )
    assert not list(Path("run").rglob("*.keras"))
    assert not list(Path("run", "checkpoints").iterdir())
    again = CliRunner().invoke(main, ["debug-step", "run"], prog_name="vaekit")
    assert again.exit_code == 0, again.output
    assert "first not finite" in again.output


# config files


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (None, r"Can't read the config file c\.toml: No such file"),
        ("epochs = = 3", r"config file c\.toml is not valid TOML: .*line 1"),
        (b"\xff\xfe", r"config file c\.toml is not valid TOML"),
        ("epohcs = 3", r"c\.toml: there is no option 'epohcs'\. Did you mean 'epochs'\?"),
        ('epochs = "many"', r"c\.toml: epochs can't be 'many': give a number of epochs, or auto"),
        ("encoder_opt = 3", r"c\.toml: encoder_opt can't be 3: .*dictionary"),
        (
            'backend = "tensorfow"',
            r"backend can't be 'tensorfow': .*'tensorflow', 'jax' or 'torch'",
        ),
        ("image_size = [28]", r"c\.toml: image_size"),
    ],
)
def test_config_file(tmp_path, text, match):
    if text is not None:
        Path("c.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(tmp_path, "train", "--config", "c.toml", "--out", "run", match=match)


def test_save_config_where_nothing_can_be_written(tmp_path):
    Path("file").touch()
    refused(
        tmp_path,
        *("train", "--data", "digits", "--save-config", "file/c.toml", "--out", "run"),
        match=r"Can't write the config file file/c\.toml: Not a directory",
    )
