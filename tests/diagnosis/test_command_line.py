"""`vaekit diagnose`, and what the end of a training says: real runs, tiny."""

from __future__ import annotations

import json
import shlex
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.cli.commands import cli, picture
from tests.small_nets import SMALL_NETS
from vaekit.cli import main
from vaekit.run_directory.lock import Lock

HEAVY = {"loss": "beta", "loss_opt": {"beta": 500.0}}


def train(out, **options):
    asked = {"data": "digits", "epochs": 4, "limit": 400, "learning_rate": 5e-3, "figures": False}
    return vaekit.train(
        **{**SMALL_NETS, **asked, "latent_dim": 4, "progress": False, "out": str(out), **options}
    )


@pytest.fixture(scope="module")
def collapsed_run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("ill") / "collapsed", **HEAVY).path


@pytest.fixture
def collapsed(collapsed_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(collapsed_run, tmp_path / "collapsed")
    return tmp_path / "collapsed"


def refused(*args):
    """What a command that is the user's mistake says."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="vaekit")
    assert result.exit_code == 2, result.output
    return result.stderr


def test_the_illness_its_numbers_its_threshold_and_the_command_that_cures_it(collapsed):
    text = cli("diagnose", collapsed)
    assert "1. Posterior collapse: the KL's weight is too large (posterior-collapse)" in text
    assert "of 4 units have a KL below 0.1 nats" in " ".join(text.split())
    assert "arXiv:1911.02469" in text
    command = next(line for line in text.splitlines() if "vaekit train" in line)
    assert "--loss-opt beta=1.0" in command
    drawn = picture(collapsed / "figures" / "diagnosis.png")
    assert min(drawn.shape) > 300
    assert drawn.std() > 10
    cli("doctor", collapsed)  # the picture is on the list of what the run has


def test_the_printed_command_trains_the_same_run_but_for_the_change(collapsed):
    told = json.loads(cli("diagnose", collapsed, "--json"))
    first = told["findings"][0]
    assert not told["healthy"]
    assert (first["name"], first["severity"]) == ("posterior-collapse", "illness")
    assert first["numbers"]["kl_weight"] == pytest.approx(500, rel=1e-3)
    program, *args = shlex.split(first["cure"])
    assert program == "vaekit"
    cli(*args, "--no-figures")
    was = vaekit.load(collapsed).config
    now = vaekit.load(f"{collapsed}-cured").config
    changed = {n for n in type(was).model_fields if getattr(was, n) != getattr(now, n)}
    assert changed == {"loss_opt", "out"}
    assert now.loss_opt == {**was.loss_opt, "beta": 1.0}


def test_cure_trains_beside_the_run_and_shows_before_and_after(collapsed):
    text = cli("diagnose", collapsed, "--cure")
    before, after = text.splitlines()[-2:]
    assert before.startswith("before  posterior-collapse")
    assert "posterior-collapse" not in after
    assert (collapsed.with_name("collapsed-cured") / "run.json").exists()


def test_a_run_without_an_illness_has_nothing_to_cure(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "well")
    text = cli("diagnose", tmp_path / "well")
    assert "no illness" in text
    assert "1. Remark: Not trained to its end" in text  # of two epochs


def test_a_run_that_diverged_before_it_had_weights(tmp_path):
    with pytest.raises(vaekit.VaekitError):
        train(tmp_path / "burst", learning_rate=1e8)
    told = json.loads(cli("diagnose", tmp_path / "burst", "--json"))
    assert [finding["name"] for finding in told["findings"]] == ["learning-rate-too-high"]
    assert "--learning-rate 0.0005" in told["findings"][0]["cure"]  # the recipe's


def test_what_holds_no_run_or_no_epoch_or_a_damaged_record(collapsed, tmp_path):
    assert "holds no run" in refused("diagnose", tmp_path / "nothing")
    (collapsed / "history.csv").write_text("epoch,loss\n1,2\n")
    assert "history.csv" in refused("diagnose", collapsed)
    (collapsed / "manifest.json").unlink()
    (collapsed / "history.csv").unlink()
    assert "ended no epoch" in refused("diagnose", collapsed)
    (collapsed / "run.json").write_text("{")
    assert "run.json" in refused("diagnose", collapsed)


def test_a_run_that_another_process_is_training(collapsed):
    other = Lock(collapsed)
    other.acquire()
    try:
        assert "Another process" in refused("diagnose", collapsed)
    finally:
        other.release()


def test_an_array_is_given_again(tmp_path, digits):
    images = np.tile(digits, (8, 1, 1, 1))
    trained = train(tmp_path / "array", data=images, epochs=1, limit=None)
    with pytest.raises(vaekit.UserError, match="array"):
        trained.diagnose()
    diagnosis = trained.diagnose(images)
    assert diagnosis.first.name == "duplicated-images"
    assert "IMAGES.npz" in diagnosis.command(diagnosis.first)
    cured = vaekit.cure(diagnosis, data=images, progress=False)
    assert cured.record.data.training_images == 14  # of 16 digits, two to validate on


def test_training_ends_with_what_is_wrong_and_says_nothing_of_what_is_well(tmp_path, capsys):
    train(tmp_path / "ill", **HEAVY, progress=True)
    assert "Posterior collapse: the KL's weight is too large." in capsys.readouterr().out
    train(tmp_path / "well", loss="elbo", progress=True)
    text = capsys.readouterr().out
    assert "run.diagnose()" not in text
    assert "epoch 4/4" in text


def test_images_are_mended_by_the_printed_command(tmp_path, digits):
    dark = tmp_path / "dark.npz"
    labels = np.arange(32) % 3
    np.savez(dark, images=np.tile(digits, (2, 1, 1, 1)) // 16, labels=labels)
    with pytest.warns(vaekit.VaekitWarning, match="nearly black"):
        trained = train(tmp_path / "run", data=str(dark), epochs=1, limit=None, batch_size=8)
    diagnosis = trained.diagnose()
    assert diagnosis.first.name == "image-range"
    with pytest.warns(vaekit.VaekitWarning, match="nearly black"):
        mended = vaekit.cure(diagnosis, progress=False)
    assert mended.record.data.range == [0.0, 1.0]
    with np.load(tmp_path / "run-cured.npz") as arrays:
        assert arrays["labels"].tolist() == labels.tolist()


def test_mended_images_are_written_once_each_and_as_an_npz_alone(tmp_path, digits):
    source, out = tmp_path / "copies.npz", tmp_path / "distinct.npz"
    np.savez(source, images=np.tile(digits, (3, 1, 1, 1)), labels=np.arange(48))
    assert "16 images" in cli("data", "mend", source, "distinct", "--out", out)
    with np.load(out) as arrays:
        assert (arrays["images"][..., 0] == digits.reshape(16, 8, 8)).all()
        assert arrays["labels"].tolist() == list(range(16))
    assert ".npz" in refused("data", "mend", source, "stretch", "--out", tmp_path / "out.png")
