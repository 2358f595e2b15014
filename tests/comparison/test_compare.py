"""`vaekit compare`: groups, spread, ranks, and what is not ranked."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import vaekit
from tests.comparison.conftest import ELBOS, ERRORS, LOSSES
from tests.made_up_runs import change_history, change_record, copied, with_seed
from vaekit.cli import main
from vaekit.run_directory.lock import Lock


def marks(compared, measure):
    return {row.group: row.cells[measure].mark for row in compared.rows}


def command(*args):
    return CliRunner().invoke(main, ["compare", *map(str, args)])


def test_runs_that_differ_in_seed_are_a_group(nine):
    compared = vaekit.compare(nine)
    assert {row.group for row in compared.rows} == {f"loss={loss}" for loss in LOSSES}
    for row in compared.rows:
        loss = row.group.removeprefix("loss=")
        assert row.runs == tuple(f"{loss}-{seed}" for seed in range(3))
        cell = row.cells["elbo"]
        assert cell.n == 3
        assert cell.mean == pytest.approx(np.mean(ELBOS[loss]))
        assert cell.std == pytest.approx(np.std(ELBOS[loss], ddof=1))
        assert row.options["loss"] == [loss]
        assert row.options["seed"] == [0, 1, 2]
    # What is the same in all runs is no difference.
    assert not {"epochs", "encoder", "limit", "latent_dim"} & compared.rows[0].options.keys()


def test_by_names_what_makes_a_group(nine):
    each = vaekit.compare(nine, by="loss,seed")
    assert [len(row.runs) for row in each.rows] == [1] * 9
    assert "loss=beta, seed=2" in {row.group for row in each.rows}
    by_seed = vaekit.compare(nine, by=["seed"])
    assert {row.group: len(row.runs) for row in by_seed.rows} == {f"seed={n}": 3 for n in range(3)}
    refused = command(nine, "--by", "sed")
    assert refused.exit_code == 2
    assert "no option 'sed'" in refused.stderr
    assert "'seed'" in refused.stderr


def test_the_best_is_marked_and_what_the_spread_hides_is_not_called_worse(nine):
    runs = [nine / f"{loss}-{seed}" for loss in ("elbo", "beta") for seed in range(3)]
    compared = vaekit.compare(runs)
    assert marks(compared, "elbo") == {"loss=elbo": "best", "loss=beta": "tied"}
    assert marks(compared, "mse") == {"loss=elbo": "best", "loss=beta": ""}
    assert marks(compared, "kl") == {"loss=elbo": "", "loss=beta": ""}
    assert any("two standard errors" in text for text in compared.remarks)


def test_two_runs_are_ranked_and_what_chance_may_do_is_said(pair):
    change_record(pair / "other", lambda record: record["config"].update(learning_rate=0.01))
    compared = vaekit.compare(pair)
    assert marks(compared, "mse") == {"one": "best", "other": ""}
    assert any("may be chance" in text for text in compared.remarks)


def test_another_likelihood_is_not_ranked_and_the_rest_is(nine):
    compared = vaekit.compare(nine)
    assert set(marks(compared, "elbo").values()) == {""}
    assert set(marks(compared, "loss").values()) == {""}
    assert marks(compared, "mse") == {"loss=elbo": "best", "loss=beta": "", "loss=tutorial": ""}
    (sentence,) = (text for text in compared.refusals if "elbo" in text.split(":")[0])
    assert "beta-0" in sentence
    assert "tutorial-0" in sentence
    assert "Bernoulli" in sentence
    assert "normal with sigma" in sentence


def config(**values):
    return lambda record: record["config"].update(values)


def data(**values):
    return lambda record: record["data"].update(values)


def other_loss(record):
    record["config"]["loss"] = record["parts"]["loss"]["name"] = "sigma"
    record["parts"]["loss"]["options"] = {}


def other_likelihood(record):
    record["parts"]["loss"]["options"]["likelihood"] = "gaussian"


def missing_loss(record):
    record["config"]["loss"] = record["parts"]["loss"]["name"] = "gone"


def other_machine(record):
    record["machine"]["processor"] = "abacus"


# What makes two runs differ, what isn't ranked then, a measure that still is, and the reason.
APART = {
    "fingerprint": (
        data(fingerprint="0" * 32),
        {"elbo", "mse", "psnr"},
        "seconds",
        "of other data",
    ),
    "image shape": (
        lambda record: record.update(image_shape=[14, 14, 1]),
        {"elbo", "mse", "psnr"},
        "seconds",
        "28x28x1 images",
    ),
    "held-out images": (
        data(validation_images=32),
        {"elbo", "mse"},
        "seconds",
        "64 of the test set",
    ),
    "binarized": (config(binarize="static"), {"elbo", "mse"}, "seconds", "drawn black and white"),
    "likelihood": (other_likelihood, {"elbo", "loss"}, "mse", "likelihoods differ"),
    "loss": (other_loss, {"elbo", "loss"}, "mse", "losses differ"),
    "missing loss": (missing_loss, {"elbo", "loss"}, "mse", "isn't known"),
    "condition": (config(condition="labels"), {"elbo", "loss"}, "mse", "log p(x|label)"),
    "machine": (other_machine, {"seconds"}, "elbo", "abacus"),
}


@pytest.mark.parametrize("name", APART)
def test_what_cannot_be_compared_is_not_ranked_and_the_reason_names_both(pair, name):
    change, unranked, still, reason = APART[name]
    change_record(pair / "other", change)
    change_record(pair / "other", config(checkpoint_every="2epoch", learning_rate=0.01))
    compared = vaekit.compare([pair / "one", pair / "other"])
    for measure in unranked:
        assert set(marks(compared, measure).values()) == {""}, measure
    assert "best" in marks(compared, still).values()
    sentences = [text for text in compared.refusals if reason in text]
    assert sentences
    assert all("one" in text.split() or "one," in text for text in sentences)
    assert all("other" in text for text in sentences)
    assert any(
        set(unranked) & set(text.split(":")[0].replace(",", "").split()) for text in sentences
    )


def test_a_loss_that_is_no_bound_is_not_ranked_by_elbo(pair):
    change_history(pair / "other", val_elbo=None)
    change_record(pair / "other", config(learning_rate=0.01))
    compared = vaekit.compare(pair)
    assert set(marks(compared, "elbo").values()) == {""}
    assert "best" in marks(compared, "mse").values()
    (sentence,) = (text for text in compared.refusals if "no elbo" in text)
    assert "other has no elbo" in sentence
    assert "one has one" in sentence


def test_a_loss_that_states_no_likelihood_says_so(pair, registering):
    vaekit.register_loss("distance", lambda: lambda x, output: {"distance": output.kl})
    change_history(pair / "other", val_elbo=None)

    def change(record):
        record["config"].update(loss="distance", loss_opt={})
        record["parts"]["loss"] = {"name": "distance", "distribution": "local", "version": ""}

    change_record(pair / "other", change)
    refusals = vaekit.compare(pair).refusals
    assert any("'distance' is no bound" in text for text in refusals), refusals


def test_data_of_one_name_and_other_content_make_no_group(pair):
    change_record(pair / "other", data(fingerprint="0" * 32))
    compared = vaekit.compare(pair)
    assert len(compared.rows) == 2
    assert any("though both call it mnist-sample" in text for text in compared.refusals)


def test_where_the_seed_draws_the_held_out_images_groups_need_the_same_seeds(nine, tmp_path):
    drawn = data(test=None, validation="share of the training images")
    for loss, seeds in (("elbo", (0, 1)), ("beta", (0, 1))):
        for seed in seeds:
            copied(nine / f"{loss}-{seed}", tmp_path / f"{loss}-{seed}", drawn)
    assert "best" in marks(vaekit.compare(tmp_path), "mse").values()
    change_record(tmp_path / "beta-1", with_seed(7))
    compared = vaekit.compare(tmp_path)
    assert set(marks(compared, "mse").values()) == {""}
    assert any("[0, 1]" in text and "[0, 7]" in text for text in compared.refusals)


def test_figures_of_metrics_are_ranked_by_what_they_declare(pair):
    for name, nll in (("one", 90.0), ("other", 95.0)):
        figures = {
            "nll": {"value": nll, "unit": "nats", "better": "lower"},
            "per_class": {"value": [1.0, 2.0], "unit": "nats", "better": "lower"},
        }
        part = {"name": "nll", "distribution": "vaekit", "version": "1", "options": {"samples": 8}}
        measured = {"epoch": 2, "seed": 0, "parts": {"nll": part}, "figures": {"nll": figures}}
        change_record(pair / name, lambda record, m=measured: record.update(metrics=m))
    change_record(pair / "other", config(learning_rate=0.01))
    compared = vaekit.compare(pair)
    assert [*marks(compared, "nll.nll").values()] == ["best", ""]
    assert "nll.per_class" not in compared.rows[0].cells
    change_record(
        pair / "other",
        lambda record: record["metrics"]["parts"]["nll"]["options"].update(samples=9),
    )
    assert any("measured by nll" in text for text in vaekit.compare(pair).refusals)


@pytest.fixture
def unfit(trained, tmp_path):
    """Beside two whole runs, some that can't be compared."""
    for seed in range(2):
        copied(trained / "elbo", tmp_path / f"whole-{seed}", with_seed(seed))
    run = trained / "elbo"
    copied(run, tmp_path / "running", lambda record: record.update(status="running"))
    copied(run, tmp_path / "failed", lambda record: record.update(status="failed", error="NaN."))
    copied(run, tmp_path / "later", lambda record: record.update(format=3))
    copied(run, tmp_path / "cut")
    (tmp_path / "cut" / "run.json").write_text("{")
    copied(run, tmp_path / "early", lambda r: r["training"].update(last_epoch=None, epochs_done=0))
    lock = Lock(tmp_path / "running")
    lock.acquire()
    yield tmp_path
    lock.release()


UNFIT = {
    "running": "still being written",
    "failed": "failed",
    "later": "not a run record that this vaekit can read",
    "cut": "can't be read",
    "early": "has ended no epoch",
}


def test_in_a_folder_they_are_left_out_and_said(unfit):
    compared = vaekit.compare(unfit)
    assert [run.name for run in compared.runs] == ["whole-0", "whole-1"]
    for name, reason in UNFIT.items():
        (sentence,) = (text for text in compared.left_out if text.startswith(f"{name} is left out"))
        assert reason in sentence
    done = command(unfit)
    assert done.exit_code == 0
    assert "early is left out." in done.stdout


@pytest.mark.parametrize("name", UNFIT)
def test_one_that_is_named_is_refused(unfit, name):
    done = command(unfit / "whole-0", unfit / name)
    assert done.exit_code == 2
    assert UNFIT[name] in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


def test_what_is_no_run_is_refused(trained, tmp_path):
    for path, reason in ((tmp_path, "holds no run"), (tmp_path / "no", "There is no folder")):
        done = command(trained / "elbo", path)
        assert done.exit_code == 2
        assert reason in done.stderr
    alone = command(trained / "elbo", trained / "elbo")
    assert alone.exit_code == 2
    assert "two runs or more" in alone.stderr


def test_an_interrupted_run_is_compared_and_said(pair):
    change_record(pair / "other", lambda record: record.update(status="interrupted"))
    change_record(pair / "other", config(epochs=5))
    remarks = vaekit.compare(pair).remarks
    assert "other was interrupted after epoch 2 of 5." in remarks


def test_two_runs_of_one_seed_say_nothing_of_chance(pair):
    shutil.rmtree(pair / "other")
    copied(pair / "one", pair / "again")
    assert any("the same seed" in text for text in vaekit.compare(pair).remarks)


def test_runs_of_one_name_go_by_their_paths(pair):
    copied(pair / "one", pair / "below" / "one", with_seed(5))
    names = {run.name for run in vaekit.compare(pair).runs}
    assert names == {str(pair / "one"), str(pair / "below" / "one"), "other"}


def test_table_json_and_csv_say_the_same(nine):
    compared = vaekit.compare(nine)
    printed_json = json.loads(command(nine, "--json").stdout)
    assert printed_json == json.loads(json.dumps(compared.as_json()))
    assert {m["name"] for m in printed_json["measures"] if m["ranked"]} == {
        "mse",
        "psnr",
        "seconds",
    }
    printed = command(nine, "--csv")
    assert "Not ranked by elbo" in printed.stderr
    lines = list(csv.DictReader(io.StringIO(printed.stdout)))
    for line, row, group in zip(lines, compared.rows, printed_json["groups"], strict=True):
        assert line["group"] == row.group == group["name"]
        assert float(line["mse_mean"]) == row.cells["mse"].mean == group["values"]["mse"]["mean"]
        assert line["mse_mark"] == row.cells["mse"].mark
    table = command(nine)
    assert table.exit_code == 0
    assert f"{np.mean(ERRORS['elbo']):.5g} +- 0.001 *" in table.stdout
    assert "Not ranked by elbo" in table.stdout
    # The option of a name and the measure of the same name are two lines.
    assert sum(line.split()[:1] == ["loss"] for line in table.stdout.splitlines()) == 2


def test_a_wide_table_goes_on_below(nine):
    table = command(nine, "--by", "loss,seed").stdout
    assert max(map(len, table.splitlines())) <= 100
    assert sum(line.startswith("mse") for line in table.splitlines()) > 1
    assert "loss=tutorial, seed=2" in table
