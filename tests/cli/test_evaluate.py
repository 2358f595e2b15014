"""`vaekit evaluate`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.cli.commands import cli

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
