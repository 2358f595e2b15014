"""`vaekit evaluate`."""

from __future__ import annotations

import json

import numpy as np
import pytest

import vaekit
from tests.bad_input.refusals import refused, usage_refused
from tests.cli.commands import cli
from vaekit.cli.figures_table import figure_lines

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


def test_evaluate_by_a_metric(run, run_folder):
    args = ("evaluate", run_folder, "--limit", 20, "--metric", "image-error")
    result = json.loads(cli(*args, "--json"))
    figures = result["metrics"]["image-error"]
    assert figures == run.evaluate(limit=20, metrics="image-error")["metrics"]["image-error"]
    *_, blank, name, mse, psnr = cli(*args).splitlines()
    assert (blank, name) == ("", "image-error")
    value, error = figures["mse"]["value"], figures["mse"]["error"]
    assert mse.split(maxsplit=7) == [
        *("mse", f"{value:.5g}", "+-", f"{error:.2g}", "lower", "is", "better"),
        "of the point of each image",
    ]
    assert psnr.split()[:5] == [
        *("psnr", f"{figures['psnr']['value']:.5g}", "+-", f"{figures['psnr']['error']:.2g}", "dB")
    ]
    assert mse.index("lower") == psnr.index("higher")


def test_notes_are_printed_below_their_numbers():
    figure = vaekit.Estimate([1.5, None], error=None, note="It hasn't converged.")._asdict()
    assert [*figure_lines({"share": figure})] == ["share  1.5 none", "  ! It hasn't converged."]


def test_what_cannot_be_measured_is_refused(run_folder, tmp_path):
    np.savez(tmp_path / "large.npz", x_train=np.zeros((4, 9, 9), "uint8"))
    for more, sentence in {
        ("--metric", "image-eror"): "no metric 'image-eror'. Did you mean 'image-error'",
        ("--metric", "image-error", "--metric-opt", "k=3"): "metric 'image-error' has no option",
        ("--metric-opt", "k=3"): "Of which metric is the option 'k'",
        ("--metric", "image-error", "--against", "large.npz"): "works on 8x8x1 images",
        ("--metric", "image-error", "--against", "nowhere"): "nowhere",
    }.items():
        refused(tmp_path, "evaluate", run_folder, *more, match=sentence)
    once = ("--metric", "image-error", "--metric", "image-error")
    usage_refused(tmp_path, "evaluate", run_folder, *once, match="it is given 2 times")
    usage_refused(tmp_path, "evaluate", run_folder, "--seed", "-1", match="--seed")
