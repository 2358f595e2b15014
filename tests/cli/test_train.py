"""`vaekit train` and `vaekit resume`."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.cli.commands import cli, picture, record_of
from vaekit.cli import main
from vaekit.config import TrainConfig

pytestmark = pytest.mark.pictures


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of `--config`, where the command line says some things again, and what it printed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "asked.toml").write_text(
        'data = "digits"\nlimit = 40\nbatch_size = 8\nepochs = 5\nlatent_dim = 3\n'
        'encoder = "small"\ndecoder = "small"\n'
        'loss = "beta"\n[encoder_opt]\nwidth = 8\n[loss_opt]\nbeta = 7.0\nsteps = 9\n'
    )
    out = cli(
        *("train", "--config", folder / "asked.toml", "--out", folder / "run"),
        *("--epochs", 1, "--batch-size", 20, "--decoder-opt", "width=4"),
        *("--loss-opt", "beta=0.5", "--loss-opt", "schedule=linear"),
        *("--save-config", folder / "resolved.toml"),
    )
    return folder, out


def test_command_line_wins_over_config_file(trained):
    folder, _ = trained
    config = record_of(folder / "run")["config"]
    assert (config["epochs"], config["batch_size"]) == (1, 20)
    assert (config["latent_dim"], config["limit"], config["loss"]) == (3, 40, "beta")
    assert (config["encoder_opt"], config["decoder_opt"]) == ({"width": 8}, {"width": 4})
    options = config["loss_opt"]
    assert (options["beta"], options["steps"], options["schedule"]) == (0.5, 9, "linear")
    assert options["cycles"] == 4  # what nobody asked for is the part's default


def test_options_reach_the_parts(trained):
    run = vaekit.load(trained[0] / "run")
    for model, width in ((run.encoder, 8), (run.decoder, 4)):
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        assert dense[0].units == width
    assert run.model.latent_dim == 3
    row = run.history[-1]
    # Linear over 9 steps, and the run is done after 2 of them.
    assert 0 < row["val_weighted_kl"] / row["val_kl"] < 0.5


def test_train_prints_plain_lines(trained):
    folder, out = trained
    read, first, *_, epoch, more, saved = out.splitlines()
    assert read.startswith("Read digits: 40 images of 8x8x1 to train on, ")
    assert first.startswith("loss, minimised: reconstruction + weighted_kl, that is -log p(x|z) + ")
    assert re.fullmatch(r"epoch 1/1  loss [\d.]+ \(val [\d.]+\) = reconstruction .*", epoch)
    assert re.fullmatch(r"  kl .* nats  elbo .* nats  kl_weight .* s  [\d,]+ images/s", more)
    assert (
        saved
        == f"Saved in {folder / 'run'}: models, history.csv, run.json, figures/ and report.html."
    )


def test_train_leaves_a_whole_run(trained):
    run = trained[0] / "run"
    assert record_of(run)["status"] == "complete"
    with (run / "history.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1"]
    assert {p.name for p in run.glob("VAE*")} == {
        "VAE_posterior.keras",
        *(
            f"VAE{model}{end}"
            for model in ("", "_encoder", "_decoder")
            for end in (".h5", ".keras")
        ),
    }
    pictures = sorted((run / "figures").glob("*.png"))
    assert len(pictures) >= 4
    for path in pictures:
        shown = picture(path)
        assert min(shown.shape) > 200
        assert shown.std() > 5  # something is drawn


def test_saved_config_is_resolved_and_makes_the_same_run(trained):
    folder, _ = trained
    saved = tomllib.loads((folder / "resolved.toml").read_text())
    was = record_of(folder / "run")["config"]
    assert saved == {name: value for name, value in was.items() if value is not None}
    assert saved["learning_rate"] == 5e-4  # a default is written out, too
    assert saved["decoder_opt"] == {"width": 4}  # a number, though the command line gave a text
    options = ("--config", folder / "resolved.toml", "--out", folder / "again", "--no-figures")
    out = cli("train", *options)
    assert out.endswith(f"Saved in {folder / 'again'}: models, history.csv and run.json.\n")
    again, first = vaekit.load(folder / "again"), vaekit.load(folder / "run")
    for new, old in zip(again.vae.get_weights(), first.vae.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_resume_goes_on_for_more_epochs(trained, tmp_path):
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    out = cli("resume", run, "--epochs", 2)
    assert "\nepoch 2/2  loss " in out
    assert [row["epoch"] for row in vaekit.load(run).history] == [1, 2]
    assert record_of(run)["training"]["steps_done"] == 4


def test_resume_saves_what_is_missing_of_a_run_that_had_done_its_epochs(trained, tmp_path):
    """As after a disk that was full when the models were to be saved."""
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    record = record_of(run) | {"status": "running"}
    (run / "run.json").write_text(json.dumps(record))
    (run / "manifest.json").unlink()  # which would call it damaged
    shutil.rmtree(run / "figures")
    (run / "figures").mkdir()
    for path in run.glob("VAE*"):
        path.unlink()
    before = vaekit.load(run).sample(3)
    cli("resume", run)
    assert record_of(run)["status"] == "complete"
    assert len(list(run.glob("VAE*"))) == 7
    assert len(list((run / "figures").glob("*.png"))) >= 4
    np.testing.assert_array_equal(vaekit.load(run).sample(3), before)


def test_image_options_seed_and_default_run_directory(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=colours)
    out = cli(
        *("train", "--data", "a.npz", "--epochs", 1, "--image-size", "9x12", "--gray"),
        *("--validation-split", "0.3", "--seed", 11, "--learning-rate", "0.002", "--no-figures"),
    )
    (run,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"conv5-deconv4-\d{8}-\d{6}", run.name)
    assert f"runs/{run.name}" in out
    record = record_of(run)
    assert record["image_shape"] == [9, 12, 1]
    assert (record["data"]["training_images"], record["data"]["validation_images"]) == (35, 15)
    assert (record["seed"], record["config"]["learning_rate"]) == (11, 0.002)
    assert vaekit.load(run).sample(2).shape == (2, 9, 12, 1)


def test_no_data_and_no_mnist_means_the_sample(tmp_path, monkeypatch):
    from vaekit.default_plugins import datasets

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(datasets, "ORIGIN", "http://127.0.0.1:9/nothing")
    args = ["train", "--limit", "40", "--epochs", "1", "--out", str(tmp_path / "run")]
    small = ["--encoder", "small", "--decoder", "small", "--no-figures"]
    result = CliRunner().invoke(main, [*args, *small])
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first == (
        "No --data given, and mnist is neither cached nor reachable: training on mnist-sample "
        "instead, a tenth of it."
    )
    data = record_of(tmp_path / "run")["data"]
    assert (data["asked"], data["used"], data["fallback"]) == (None, "mnist-sample", True)


DEFAULTS = {
    name: field.default
    for name, field in TrainConfig.model_fields.items()
    if field.default not in (None, ()) and not name.endswith("_opt") and not field.is_required()
}


def help_of(option):
    text = " ".join(cli("train", "--help").split())
    return re.search(rf" {option} (.*?)(?= --[a-z]| -h, )", text)[1]


FLAGS = {name for name, default in DEFAULTS.items() if isinstance(default, bool)}


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - FLAGS))
def test_help_shows_the_default(name):
    shown = re.search(r"\[default: \(?([^)\]]*)\)?\]", help_of("--" + name.replace("_", "-")))
    of_the_default_recipe = shown[1].partition(";")[0]
    assert type(DEFAULTS[name])(of_the_default_recipe) == DEFAULTS[name]


def test_help_has_every_option():
    text = cli("train", "--help")
    for name in TrainConfig.model_fields:
        assert f"--{name.replace('_', '-')} " in text
    assert {"figures", "gif", "gray", "remat", "report", "skip_bad", "step_log"} == FLAGS
