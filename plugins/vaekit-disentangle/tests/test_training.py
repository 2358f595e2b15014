"""The losses through the kit's one trainer: trained, evaluated, resumed."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vaekit

# 96 images to train on: five batches of 19 and a last one of a single image.
LIMIT = 96
COMMON = {"data": "digits", "limit": LIMIT, "batch_size": 19, "latent_dim": 4}
SMALL = {"discriminator_layers": 2, "discriminator_units": 32}
FACTOR_TERMS = ["reconstruction", "kl", "weighted_total_correlation", "discriminator"]


def train(out: Path, loss: str, epochs: int = 1, **options: Any) -> vaekit.Run:
    values = {**COMMON, "epochs": epochs, "loss": loss, "out": str(out), **options}
    return vaekit.train(**values, progress=False, figures=False)


def weights(run: vaekit.Run) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in run.vae.get_weights()]


def numbers(run: vaekit.Run) -> list[dict[str, float]]:
    """The history without what the clock wrote."""
    return [
        {name: value for name, value in row.items() if name not in ("seconds", "images_per_s")}
        for row in run.history
    ]


def checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Every value in a run's newest checkpoint, in order; names may differ between processes."""
    with np.load(max((path / "checkpoints").glob("step-*")) / "state.npz") as saved:
        return {name: saved[name] for name in sorted(saved.files)}


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
    result = run.evaluate(limit=LIMIT)
    last = {
        name.removeprefix("val_"): value
        for name, value in run.history[-1].items()
        if name.startswith("val_") and "kl_dim" not in name
    }
    assert {"loss", "elbo", "kl", "reconstruction"} <= set(last)
    assert {name: result[name] for name in last} == pytest.approx(last, rel=1e-5, abs=1e-6)


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
    assert vaekit.load(factor_run).record.data.training_images % COMMON["batch_size"] == 1


def test_factor_vae_evaluates_with_its_trained_discriminator(factor_run: Path) -> None:
    check_evaluation(factor_run)


def test_factor_vae_resumed_is_as_if_it_had_never_stopped(tmp_path: Path, factor_run: Path) -> None:
    whole = train(tmp_path / "whole", "factor-vae", 2, loss_opt=SMALL)
    shutil.copytree(factor_run, tmp_path / "cut")
    resumed = vaekit.resume(tmp_path / "cut", epochs=2, progress=False)
    assert numbers(resumed) == numbers(whole)
    for one, other in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    # All that training goes on from, the discriminator's weights and moments among it.
    one, other = (checkpoint(tmp_path / name) for name in ("cut", "whole"))
    assert sum("discriminator_dense1" in name for name in one) >= 6
    for name, mine, other_mine in zip(one, one.values(), other.values(), strict=True):
        np.testing.assert_array_equal(mine, other_mine, err_msg=name)


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
        (
            "dip-vae",
            {"kind": "II", "likelihood": "gaussian", "sigma": 0.3},
            ["reconstruction", "kl", "covariance_penalty"],
        ),
    ],
    ids=["beta-tcvae", "dip-vae"],
)
def test_trains_and_evaluates(
    tmp_path: Path, loss: str, options: dict[str, Any], terms: list[str]
) -> None:
    run = train(tmp_path / "run", loss, loss_opt=options)
    part = run.record.parts["loss"]
    assert (part.name, part.distribution) == (loss, "vaekit-disentangle")
    check_history(run.path, terms)
    check_evaluation(run.path)


@pytest.fixture(scope="module")
def one_step(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., vaekit.Run]:
    """Runs of one step on all images, so that only the first gradient counts; each made once."""

    @cache
    def run(loss: str, **options: float) -> vaekit.Run:
        out = tmp_path_factory.mktemp("step") / "run"
        small = SMALL if loss == "factor-vae" else {}
        return train(out, loss, loss_opt={**small, **options}, limit=32, batch_size=32)

    return run


def test_the_discriminators_terms_do_not_move_the_vae(one_step: Callable[..., vaekit.Run]) -> None:
    """Without its share in the loss the VAE learns as under `elbo`, with it otherwise."""
    plain = weights(one_step("elbo"))
    for one, other in zip(plain, weights(one_step("factor-vae", gamma=0)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    moved = weights(one_step("factor-vae", gamma=100))
    assert any(not np.allclose(*pair, atol=1e-5) for pair in zip(plain, moved, strict=True))


def test_the_vae_follows_the_discriminator_of_before_the_step(
    one_step: Callable[..., vaekit.Run],
) -> None:
    """How fast the discriminator learns changes its own weights, not yet the VAE's."""
    slow = one_step("factor-vae", gamma=100)
    fast = one_step("factor-vae", gamma=100, discriminator_learning_rate=0.1)
    for one, other in zip(weights(slow), weights(fast), strict=True):
        np.testing.assert_array_equal(one, other)
    assert slow.history[0]["discriminator"] == fast.history[0]["discriminator"]
    assert slow.history[0]["val_discriminator"] != fast.history[0]["val_discriminator"]
