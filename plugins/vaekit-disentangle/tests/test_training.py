"""The losses through the kit's one trainer: trained, evaluated, resumed."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vaekit

# 86 images to train on: five batches of 17 and a last one of a single image.
COMMON = {"data": "digits", "limit": 96, "batch_size": 17, "latent_dim": 4}
SMALL = {"discriminator_layers": 2, "discriminator_units": 32}
FACTOR_TERMS = ["reconstruction", "kl", "weighted_total_correlation", "discriminator"]


def train(out: Path, loss: str, epochs: int = 1, **options: Any) -> vaekit.Run:
    values = {**COMMON, "epochs": epochs, "loss": loss, "out": str(out), **options}
    return vaekit.train(**values, progress=False)


def weights(run: vaekit.Run) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in run.vae.get_weights()]


def numbers(run: vaekit.Run) -> list[dict[str, float]]:
    """The history without what the clock wrote."""
    return [
        {name: value for name, value in row.items() if name not in ("seconds", "images_per_s")}
        for row in run.history
    ]


def check_history(path: Path, terms: list[str]) -> None:
    """Each term is there, finite, and those of the loss add up to it."""
    with (path / "history.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    for name in ["loss", "elbo", *terms]:
        assert np.isfinite(float(row[name])), name
        assert np.isfinite(float(row[f"val_{name}"])), name
    own = [name for name in terms if name != "discriminator"]
    for prefix in ("", "val_"):
        total = sum(float(row[prefix + name]) for name in own)
        assert total == pytest.approx(float(row[f"{prefix}loss"]), rel=1e-4)


def check_evaluation(path: Path) -> None:
    """A run that is loaded evaluates to what its last epoch was validated at."""
    run = vaekit.load(path)
    found = run.evaluate()
    last = {
        name.removeprefix("val_"): value
        for name, value in run.history[-1].items()
        if name.startswith("val_") and "kl_dim" not in name
    }
    assert {"loss", "elbo", "kl", "reconstruction"} <= set(last)
    assert {name: found[name] for name in last} == pytest.approx(last, rel=1e-5, abs=1e-6)


@pytest.fixture(scope="module")
def factor_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One epoch of `factor-vae`, by the command line."""
    out = tmp_path_factory.mktemp("factor") / "run"
    command = [sys.executable, "-m", "vaekit", "train", "--loss", "factor-vae", "--epochs", "1"]
    for name, value in COMMON.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    for name, value in SMALL.items():
        command += ["--loss-opt", f"{name}={value}"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return out


def test_factor_vae_trains_through_the_command(factor_run: Path) -> None:
    check_history(factor_run, FACTOR_TERMS)
    assert vaekit.load(factor_run).record["data"]["training_images"] % COMMON["batch_size"] == 1


def test_factor_vae_evaluates_with_its_trained_discriminator(factor_run: Path) -> None:
    check_evaluation(factor_run)


def test_factor_vae_resumed_is_as_if_it_had_never_stopped(tmp_path: Path, factor_run: Path) -> None:
    whole = train(tmp_path / "whole", "factor-vae", 2, loss_opt=SMALL)
    shutil.copytree(factor_run, tmp_path / "cut")
    resumed = vaekit.resume(tmp_path / "cut", epochs=2, progress=False)
    assert numbers(resumed) == numbers(whole)
    for one, other in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    # The discriminator's weights and moments, and the random state, are in the checkpoint.
    states = [
        np.load(max((path / "checkpoints").iterdir()))
        for path in (tmp_path / "cut", tmp_path / "whole")
    ]
    assert any("discriminator" in name for name in states[0].files)
    for name in states[1].files:
        np.testing.assert_array_equal(*(state[name] for state in states), err_msg=name)


@pytest.mark.parametrize(
    ("loss", "options", "terms"),
    [
        (
            "beta-tcvae",
            {},
            [
                "reconstruction",
                "weighted_mutual_information",
                "weighted_total_correlation",
                "weighted_dimension_wise_kl",
            ],
        ),
        ("dip-vae", {"kind": "I"}, ["reconstruction", "kl", "covariance_penalty"]),
        (
            "dip-vae",
            {"kind": "II", "likelihood": "gaussian", "sigma": 0.3},
            ["reconstruction", "kl", "covariance_penalty"],
        ),
    ],
    ids=["beta-tcvae", "dip-vae-I", "dip-vae-II"],
)
def test_trains_and_evaluates(
    tmp_path: Path, loss: str, options: dict[str, Any], terms: list[str]
) -> None:
    run = train(tmp_path / "run", loss, loss_opt=options)
    part = run.record["parts"]["loss"]
    assert (part["name"], part["distribution"]) == (loss, "vaekit-disentangle")
    check_history(run.path, terms)
    check_evaluation(run.path)


def test_the_discriminators_terms_do_not_move_the_vae(tmp_path: Path) -> None:
    """One step on all images. Without its share in the loss the VAE learns as under `elbo`."""
    one_step = {"limit": 32, "batch_size": 32}
    plain = train(tmp_path / "elbo", "elbo", **one_step)
    untouched = train(tmp_path / "zero", "factor-vae", loss_opt={**SMALL, "gamma": 0}, **one_step)
    for one, other in zip(weights(plain), weights(untouched), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    moved = train(tmp_path / "moved", "factor-vae", loss_opt={**SMALL, "gamma": 100}, **one_step)
    assert any(
        not np.allclose(one, other, atol=1e-5)
        for one, other in zip(weights(plain), weights(moved), strict=True)
    )


def test_the_vae_follows_the_discriminator_of_before_the_step(tmp_path: Path) -> None:
    """One step: how fast the discriminator learns changes its own weights, not yet the VAE's."""
    slow, fast = (
        train(
            tmp_path / str(rate),
            "factor-vae",
            loss_opt={**SMALL, "discriminator_learning_rate": rate},
            limit=32,
            batch_size=32,
        )
        for rate in (1e-4, 1e-1)
    )
    for one, other in zip(weights(slow), weights(fast), strict=True):
        np.testing.assert_array_equal(one, other)
    assert slow.history[0]["discriminator"] == fast.history[0]["discriminator"]
    assert slow.history[0]["val_discriminator"] != fast.history[0]["val_discriminator"]
