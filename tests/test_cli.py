"""Every command through click's runner, in this process."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import vaekit
from vaekit.cli import main
from vaekit.config import TrainConfig


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test may litter the checkout: the default of --out is a relative folder."""
    monkeypatch.chdir(tmp_path)


def cli(*args):
    """What a command that succeeds prints on standard output."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def picture(path):
    """The pixels of a PNG, grey."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L"))


@pytest.fixture(scope="module")
def digits_set():
    return vaekit.load_data("digits")


@pytest.fixture(scope="module")
def split_npz(tmp_path_factory):
    """A source with a test set: 30 training and 12 test images, labelled."""
    images = (vaekit.load_data("digits").train.pixels[:42, ..., 0] * 255).round().astype("uint8")
    labels = np.arange(42) % 10
    path = tmp_path_factory.mktemp("split") / "split.npz"
    np.savez(path, x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:])
    return path


# train and resume


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of `--config`, where the command line says some things again, and what it printed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "asked.toml").write_text(
        'data = "digits"\nlimit = 40\nbatch_size = 8\nepochs = 5\nlatent_dim = 3\n'
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
    assert run.encoder.get_layer("encoder_conv_5").filters == 8
    assert run.decoder.get_layer("decoder_conv_tran_1").filters == 4
    assert run.model.latent_dim == 3
    row = run.history[-1]
    # Linear over 9 steps, and the run is done after 2 of them.
    assert 0 < row["val_weighted_kl"] / row["val_kl"] < 0.5


def test_train_prints_plain_lines(trained):
    folder, out = trained
    epoch, saved = out.splitlines()
    pattern = r"epoch 1/1  [\d.]+ s  [\d,]+ images/s  loss [\d.]+ \(val [\d.]+\) reconstruction .*"
    assert re.fullmatch(pattern, epoch)
    assert saved == f"Saved in {folder / 'run'}: models, history.csv, run.json and figures/."


def test_train_leaves_a_whole_run(trained):
    run = trained[0] / "run"
    assert record_of(run)["status"] == "complete"
    with (run / "history.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1"]
    assert {p.name for p in run.glob("VAE*")} == {
        f"{name}{end}"
        for name in ("VAE", "VAE_encoder", "VAE_decoder")
        for end in (".h5", ".keras")
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
    cli("train", "--config", folder / "resolved.toml", "--out", folder / "again")
    again, first = vaekit.load(folder / "again"), vaekit.load(folder / "run")
    for new, old in zip(again.vae.get_weights(), first.vae.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_resume_goes_on_for_more_epochs(trained, tmp_path):
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    out = cli("resume", run, "--epochs", 2)
    assert out.splitlines()[0].startswith("epoch 2/2  ")
    assert [row["epoch"] for row in vaekit.load(run).history] == [1, 2]
    assert record_of(run)["training"]["steps_done"] == 4


def test_resume_saves_what_is_missing_of_a_run_that_had_done_its_epochs(trained, tmp_path):
    """As after a disk that was full when the models were to be saved."""
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    record = record_of(run) | {"status": "running"}
    (run / "run.json").write_text(json.dumps(record))
    (run / "manifest.json").unlink()
    shutil.rmtree(run / "figures")
    (run / "figures").mkdir()
    for path in run.glob("VAE*"):
        path.unlink()
    before = vaekit.load(run).sample(3)
    cli("resume", run)
    assert record_of(run)["status"] == "complete"
    assert len(list(run.glob("VAE*"))) == 6
    assert len(list((run / "figures").glob("*.png"))) >= 4
    np.testing.assert_array_equal(vaekit.load(run).sample(3), before)


def test_image_options_seed_and_default_run_directory(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=colours)
    out = cli(
        *("train", "--data", "a.npz", "--epochs", 1, "--image-size", "9x12", "--gray"),
        *("--validation-split", "0.3", "--seed", 11, "--learning-rate", "0.002"),
    )
    (run,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"conv5-deconv4-\d{8}-\d{6}", run.name)
    assert f"runs/{run.name}" in out
    record = record_of(run)
    assert record["image_shape"] == [9, 12, 1]
    assert (record["data"]["training_images"], record["data"]["validation_images"]) == (35, 15)
    assert (record["seed"], record["config"]["learning_rate"]) == (11, 0.002)
    assert vaekit.load(run).sample(2).shape == (2, 9, 12, 1)


def test_no_data_and_no_mnist_means_digits(tmp_path, monkeypatch):
    from vaekit.default_plugins import datasets

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(datasets, "ORIGIN", "http://127.0.0.1:9/nothing")
    args = ["train", "--limit", "40", "--epochs", "1", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first == (
        "No --data given, and mnist is neither cached nor reachable: training on digits instead."
    )
    data = record_of(tmp_path / "run")["data"]
    assert (data["asked"], data["used"], data["fallback"]) == (None, "digits", True)


DEFAULTS = {
    name: field.default
    for name, field in TrainConfig.model_fields.items()
    if field.default is not None and not field.is_required() and not name.endswith("_opt")
}


def help_of(option):
    text = " ".join(cli("train", "--help").split())
    return re.search(rf" {option} (.*?)(?= --[a-z]| -h, )", text)[1]


@pytest.mark.parametrize("name", sorted(name for name in DEFAULTS if DEFAULTS[name] is not False))
def test_help_shows_the_default(name):
    shown = re.search(r"\[default: \(?([^)\]]*)\)?\]", help_of("--" + name.replace("_", "-")))
    assert type(DEFAULTS[name])(shown[1]) == DEFAULTS[name]


def test_help_has_every_option():
    text = cli("train", "--help")
    for name in TrainConfig.model_fields:
        assert f"--{name.replace('_', '-')} " in text
    assert not DEFAULTS["gray"]  # what a flag means where it isn't given
    assert not DEFAULTS["step_log"]


# evaluate


NAMES = {"loss", "reconstruction", "kl", "elbo", "mse", "psnr", "kl_dim", "active_units"}


def test_evaluate_json(run, run_folder):
    result = json.loads(cli("evaluate", run_folder, "--json"))
    assert set(result) == NAMES | {"data", "split", "images"}
    assert (result["data"], result["split"], result["images"]) == ("digits", "validation", 180)
    assert result["loss"] == pytest.approx(result["reconstruction"] + result["kl"], rel=1e-5)
    assert result["psnr"] == pytest.approx(-10 * np.log10(result["mse"]))
    assert result["kl"] == pytest.approx(sum(result["kl_dim"]), rel=1e-5)
    assert result["active_units"] in (0, 1, 2)
    assert result == run.evaluate()


def test_evaluate_other_data(run_folder, split_npz):
    result = json.loads(cli("evaluate", run_folder, "--data", split_npz, "--json"))
    assert (result["data"], result["split"], result["images"]) == (str(split_npz), "test", 12)
    limited = json.loads(cli("evaluate", run_folder, "--data", split_npz, "--limit", "5", "--json"))
    assert limited["images"] == 5
    assert limited["mse"] != result["mse"]


def test_evaluate_text(run_folder):
    args = ("evaluate", run_folder, "--limit", 20)
    lines = dict(line.split(maxsplit=1) for line in cli(*args).splitlines())
    result = json.loads(cli(*args, "--json"))
    assert set(lines) == set(result)
    assert float(lines["elbo"]) == pytest.approx(result["elbo"], rel=1e-4)
    shown = [float(text) for text in lines["kl_dim"].split()]
    assert shown == pytest.approx(result["kl_dim"], rel=1e-4)


# pictures


def blocks(shown, threshold=250):
    """How many separate runs of not-white columns and rows a picture has, below its title."""
    dark = shown[60:] < threshold

    def count(line):
        return int(line[0]) + int((np.diff(line.astype(int)) == 1).sum())

    return count(dark.any(axis=1)), count(dark.any(axis=0))


@pytest.mark.parametrize(
    ("args", "name", "rows", "columns"),
    [
        (["reconstruct"], "reconstructions.png", 2, 10),
        (["reconstruct", "-n", "4"], "reconstructions.png", 2, 4),
        (["sample", "-n", "7"], "samples.png", 1, 7),
        (["sample", "-n", "23", "--seed", "1"], "samples.png", 3, 10),
        (["interpolate"], "interpolations.png", 5, 10),
        (["interpolate", "-n", "3", "--steps", "6"], "interpolations.png", 2, 6),
    ],
)
def test_pictures(run_folder, tmp_path, args, name, rows, columns):
    command, *options = args
    path = tmp_path / name
    assert cli(command, run_folder, *options, "--out", path) == f"{path}\n"
    shown = picture(path)
    assert shown.shape[1] > 600
    assert shown.shape[0] > 100
    assert blocks(shown) == (rows, columns)


def test_pictures_lie_in_the_run_by_default(run_folder, tmp_path):
    folder = shutil.copytree(run_folder, tmp_path / "copy")
    out = cli("sample", folder, "-n", 3)
    assert out == f"{folder / 'figures' / 'samples.png'}\n"
    assert picture(out.strip()).std() > 5


def test_seeds_draw_other_samples(run_folder, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cli("sample", run_folder, "-n", 5, "--seed", seed, "--out", tmp_path / f"{name}.png")
    a, b, c = (picture(tmp_path / f"{name}.png") for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_reconstruct_other_data(run_folder, split_npz, tmp_path):
    cli("reconstruct", run_folder, "--data", split_npz, "-n", 12, "--out", tmp_path / "a.png")
    assert blocks(picture(tmp_path / "a.png")) == (2, 12)


# encode and decode


def h5(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}


def test_encode_keeps_the_order_of_the_source(run, run_folder, digits_set, tmp_path):
    out = tmp_path / "latents.h5"
    said = cli("encode", run_folder, "--data", "digits", "--out", out)
    assert said == f"{out}: z_mean and z_log_var of 1797 images\n"
    held = h5(out)
    assert set(held) == {"z_mean", "z_log_var", "labels"}
    assert held["z_mean"].shape == held["z_log_var"].shape == (1797, 2)
    assert held["z_mean"].dtype == held["z_log_var"].dtype == np.float32
    expected = run.encode(digits_set.train.pixels)
    np.testing.assert_allclose(held["z_mean"], expected.z_mean, atol=1e-4)
    np.testing.assert_allclose(held["z_log_var"], expected.z_log_var, atol=1e-4)
    np.testing.assert_array_equal(held["labels"], digits_set.train.labels)


@pytest.mark.parametrize(
    ("split", "which"),
    [((), slice(42)), (("--split", "train"), slice(30)), (("--split", "test"), slice(30, 42))],
)
def test_encode_split(run, run_folder, split_npz, tmp_path, split, which):
    cli("encode", run_folder, "--data", split_npz, "--out", tmp_path / "z.h5", *split)
    held = h5(tmp_path / "z.h5")
    with np.load(split_npz) as source:
        images = np.concatenate([source["x_train"], source["x_test"]])[which]
    np.testing.assert_allclose(held["z_mean"], run.encode(images).z_mean, atol=1e-4)
    np.testing.assert_array_equal(held["labels"], (np.arange(42) % 10)[which])


def test_encode_without_labels(run_folder, tmp_path, digits):
    np.savez(tmp_path / "a.npz", images=digits)
    cli("encode", run_folder, "--data", tmp_path / "a.npz", "--out", tmp_path / "z.h5")
    assert set(h5(tmp_path / "z.h5")) == {"z_mean", "z_log_var"}


def test_decode_what_encode_wrote(run, run_folder, tmp_path):
    cli("encode", run_folder, "--data", "digits", "--out", tmp_path / "z.h5")
    out = tmp_path / "images.h5"
    said = cli("decode", run_folder, tmp_path / "z.h5", "--out", out)
    assert said == f"{out}: 1797 images\n"
    images = h5(out)["images"]
    assert (images.shape, images.dtype) == ((1797, 8, 8, 1), np.float32)
    np.testing.assert_allclose(images, run.decode(h5(tmp_path / "z.h5")["z_mean"]), atol=1e-5)
    # What decode writes is a data source again.
    assert vaekit.load_data(str(out)).train.pixels.shape == (1797, 8, 8, 1)


def test_decode_named_dataset(run, run_folder, tmp_path):
    z = np.random.default_rng(0).standard_normal((5, 2))
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file["z_mean"] = np.zeros((3, 2))
        file["mine"] = z
    cli("decode", run_folder, f"{tmp_path / 'z.h5'}::mine", "--out", tmp_path / "a.h5")
    np.testing.assert_allclose(h5(tmp_path / "a.h5")["images"], run.decode(z), atol=1e-6)


# plugins


PARTS = {
    ("encoder", "conv5"),
    ("decoder", "deconv4"),
    ("loss", "tutorial"),
    ("loss", "elbo"),
    ("loss", "beta"),
    ("dataset", "mnist"),
    ("dataset", "fashion_mnist"),
    ("dataset", "digits"),
}


def test_plugins_json():
    listed = json.loads(cli("plugins", "list", "--json"))
    parts = {(p["kind"], p["name"]): p for p in listed["parts"]}
    assert set(parts) >= PARTS
    for key in PARTS:
        assert parts[key]["distribution"] == "vaekit"
        assert parts[key]["version"] == vaekit.__version__
        assert parts[key]["summary"].endswith(".")
    assert listed["broken"] == []


@pytest.mark.parametrize("args", [["plugins"], ["plugins", "list"]])
def test_plugins_text(args):
    head, *lines = cli(*args).splitlines()
    assert head.split() == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "SUMMARY"]
    rows = [re.split(r"  +", line, maxsplit=4) for line in lines]
    assert {(kind, name) for kind, name, *_ in rows} >= PARTS
    starts = {line.index(row[4]) for line, row in zip(lines, rows, strict=True)}
    assert starts == {head.index("SUMMARY")}  # columns stand below their heads


def test_plugins_show():
    lines = cli("plugins", "show", "beta").splitlines()
    assert lines[0].startswith(f"loss beta (vaekit {vaekit.__version__}): ")
    options = {line.split("=")[0].strip(): line for line in lines[1:]}
    assert list(options) == ["beta", "schedule", "steps", "cycles", "ramp", "likelihood", "sigma"]
    assert "beta=4.0  (float)  weight of the KL" in options["beta"]
    assert "schedule=constant  (constant|linear|cyclical)" in options["schedule"]


def test_plugins_show_json():
    (part,) = json.loads(cli("plugins", "show", "conv5@vaekit", "--json"))
    assert (part["kind"], part["name"], part["distribution"]) == ("encoder", "conv5", "vaekit")
    (option,) = part["options"]
    assert (option["name"], option["type"], option["default"]) == ("width", "int", 64)
    assert "filters" in option["meaning"]


def test_plugins_show_without_options():
    assert cli("plugins", "show", "digits").splitlines()[1] == "  no options"


# data


def test_data_info_json(split_npz):
    facts = json.loads(cli("data", "info", split_npz, "--json"))
    assert facts == {
        "source": str(split_npz),
        "train": {"count": 30, "shape": [8, 8, 1]},
        "test": {"count": 12, "shape": [8, 8, 1]},
        "type": "uint8, 0..255",
        "range": [0, 255],
        "classes": {str(n): 3 for n in range(10)},
    }


def test_data_info_text():
    lines = dict(line.split(maxsplit=1) for line in cli("data", "info", "digits").splitlines())
    assert lines["source"] == "digits"
    assert lines["train"] == "count 1797, shape 8 8 1"
    assert lines["test"] == "none"
    assert lines["type"] == "float64, 0..16"
    assert lines["range"] == "0.0 1.0"
    assert lines["classes"].startswith("0 178, 1 182, ")


def test_data_info_of_resized_images(tmp_path):
    colours = np.zeros((9, 10, 3), "uint8")
    colours[0] = 255
    Image.fromarray(colours).save(tmp_path / "a.png")
    args = ("data", "info", tmp_path / "a.png", "--json")
    assert json.loads(cli(*args))["train"] == {"count": 1, "shape": [9, 10, 3]}
    facts = json.loads(cli(*args, "--image-size", "16x12", "--gray"))
    assert facts["train"]["shape"] == [16, 12, 1]


# the group


def test_help_lists_every_command():
    text = cli("--help")
    for name in (
        *("train", "resume", "evaluate", "reconstruct", "sample", "interpolate"),
        *("encode", "decode", "plugins", "data"),
    ):
        assert re.search(rf"^  {name} +[A-Z]", text, re.M)
        assert "Usage: vaekit " + name in cli(name, "-h")


def test_version():
    assert cli("--version") == f"vaekit, version {vaekit.__version__}\n"
