"""Runs with a planted illness and healthy ones, diagnosed: `python benchmarks/illnesses.py`.

Of each illness: whether it is named first, and whether the printed command cures it. Of each
healthy run: whether there is an alarm. With names as arguments, only those rows; `--no-cure` trains
no cure. The table is printed, and written as JSON with `--out FILE`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import vaekit

# Small nets, thousands of images, a few hundred steps: seconds a run.
_MLP = {
    "encoder": "mlp",
    "decoder": "mlp",
    "encoder_opt": {"units": [128]},
    "decoder_opt": {"units": [128]},
}
_CONV = {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}}
_RUN = {"figures": False, "progress": False, "batch_size": 64, "learning_rate": 1e-3, "epochs": 8}
_SHAPES = {"data": "shapes", "data_opt": {"images": 2000}, "image_size": (32, 32)}
_RESIDUAL = {
    "encoder": "residual",
    "decoder": "residual",
    "encoder_opt": {"width": 8},
    "decoder_opt": {"width": 8},
}
_DIGITS = {**_RUN, **_MLP, "data": "mnist-sample"}


class Planted(NamedTuple):
    """A run with an illness. first: the rule that is to name it. options: of `vaekit.train`."""

    first: str
    options: Mapping[str, Any]


def _files(folder: Path) -> dict[str, str]:
    """Sources with illnesses of their own, by what is wrong with them."""
    images = np.asarray(vaekit.load_data("mnist-sample").train.pixels)[:3000]
    arrays = {
        "dark": images.astype("float32") / 255 / 16,
        "same": np.repeat(images[:1], 2000, axis=0),
        "copies": np.tile(images[:400], (5, 1, 1, 1)),
    }
    for name, array in arrays.items():
        np.savez(folder / f"{name}.npz", images=array)
    return {name: str(folder / f"{name}.npz") for name in arrays}


def planted(folder: Path) -> dict[str, Planted]:
    """The illnesses, by what was done wrong."""
    files = _files(folder)
    elbo = {**_DIGITS, "loss": "elbo", "latent_dim": 8}
    beta = {**_DIGITS, "loss": "beta", "latent_dim": 8}
    codes = {**_RUN, **_CONV, "data": "mnist-sample", "loss": "elbo", "latent": "vq"}
    wide = {"encoder_opt": {"units": [512]}, "decoder_opt": {"units": [512]}}
    few = {**elbo, **wide, "limit": 100, "epochs": 150, "batch_size": 20}
    many = {**elbo, "data": "digits", "latent_dim": 32, "epochs": 60, "batch_size": 32}
    gaussian = {"likelihood": "gaussian"}
    narrow = {**_RUN, **_SHAPES, **_RESIDUAL, "loss": "sigma", "latent_dim": 16}
    return {
        "kl-weight-100": Planted("posterior-collapse", {**beta, "loss_opt": {"beta": 100}}),
        "kl-weight-12": Planted("posterior-collapse", {**beta, "loss_opt": {"beta": 12}}),
        "mse-mean": Planted("mean-for-sum", {**_DIGITS, "loss_opt": {"weight": 1}}),
        "kl-weight-784": Planted("mean-for-sum", {**beta, "loss_opt": {"beta": 784}}),
        "kl-weight-0.01": Planted("prior-hole", {**beta, "loss_opt": {"beta": 0.01}}),
        "sigma-0.01": Planted(
            "decoder-variance", {**elbo, "loss_opt": {**gaussian, "sigma": 0.01}}
        ),
        "sigma-2": Planted("decoder-variance", {**elbo, "loss_opt": {**gaussian, "sigma": 2.0}}),
        "rate-1": Planted("learning-rate-too-high", {**elbo, "learning_rate": 1.0}),
        "rate-0.1": Planted("learning-rate-too-high", {**elbo, "learning_rate": 0.1}),
        "rate-1e-6": Planted("learning-rate-too-low", {**elbo, "learning_rate": 1e-6}),
        "two-epochs": Planted("unfinished", {**elbo, "epochs": 2}),
        "few-images": Planted("overfitting", few),
        "moving-averages": Planted(
            "batch-norm-averages",
            {
                **{**_RUN, **_CONV, "data": "mnist-sample", "limit": 1000, "epochs": 4},
                **{"batch_norm_averages": "moving", "loss": "elbo", "latent_dim": 8},
            },
        ),
        "dark": Planted("image-range", {**elbo, "data": files["dark"], "loss": "sigma"}),
        "same": Planted("constant-images", {**elbo, "data": files["same"], "epochs": 4}),
        "copies": Planted("duplicated-images", {**elbo, "data": files["copies"]}),
        "dead-codes": Planted(
            "dead-codes",
            {**codes, "latent_dim": 8, "latent_opt": {"codes": 512, "restart": 0.0}, "epochs": 4},
        ),
        "many-latents": Planted("too-many-latents", many),
        "one-latent": Planted("too-few-latents", {**elbo, "latent_dim": 1, "epochs": 15}),
        # Nobody planted this one: meant to be healthy, it has lost its latents after two epochs.
        "narrow-residual": Planted("posterior-collapse", narrow),
    }


def healthy() -> dict[str, dict[str, Any]]:
    """Runs that have nothing wrong with them."""
    digits = {**_DIGITS, "loss": "elbo", "latent_dim": 8}
    small = {**digits, "data": "digits", "epochs": 30, "batch_size": 32}
    shapes = {**_RUN, **_SHAPES}
    return {
        "elbo": digits,
        "elbo-seed-1": {**digits, "seed": 1},
        "elbo-seed-2": {**digits, "seed": 2, "latent_dim": 16},
        "tutorial": {**_RUN, **_CONV, "data": "mnist-sample"},
        "tutorial-fast": {
            **_RUN,
            **_CONV,
            "data": "mnist-sample",
            "recipe": "fast",
            "epochs": 4,
            "learning_rate": 8e-3,
        },
        "two-latents": {**digits, "latent_dim": 2},
        "sigma": {**digits, "loss": "sigma"},
        "gaussian": {**digits, "loss_opt": {"likelihood": "gaussian"}},
        "beta-4": {**digits, "loss": "beta", "epochs": 12},
        "warm-up": {
            **digits,
            "loss": "beta",
            "loss_opt": {"beta": 1.0, "schedule": "linear", "steps": 300},
        },
        "full-normal": {**digits, "latent": "full-normal"},
        "mixture": {**digits, "prior": "mixture"},
        "vamp": {**digits, "prior": "vamp"},
        "iaf": {**digits, "latent": "iaf"},
        "ladder": {**digits, "latent": "ladder"},
        "iwae": {**digits, "loss": "iwae"},
        "free-bits": {**digits, "loss": "free-bits"},
        "beta-tcvae": {**digits, "loss": "beta-tcvae", "loss_opt": {"beta": 2.0}},
        "von-mises-fisher": {**digits, "latent": "von-mises-fisher"},
        "vq": {
            **_RUN,
            **_CONV,
            "data": "mnist-sample",
            "loss": "elbo",
            "latent": "vq",
            "latent_dim": 8,
            "latent_opt": {"codes": 64},
            "epochs": 5,
        },
        "fsq": {
            **_RUN,
            **_CONV,
            "data": "mnist-sample",
            "loss": "elbo",
            "latent": "fsq",
            "latent_dim": 4,
            "epochs": 5,
        },
        "autoencoder": {**digits, "latent": "deterministic"},
        "wae": {**digits, "loss": "wae-mmd"},
        "digits": small,
        "digits-sigma": {**small, "loss": "sigma", "latent_dim": 4},
        "digits-tutorial": {**small, "loss": "tutorial", "latent_dim": 2},
        "shapes": {**shapes, **_MLP, "loss": "elbo", "latent_dim": 8, "epochs": 12},
        "shapes-conv": {**shapes, **_CONV, "loss": "sigma", "latent_dim": 8, "epochs": 12},
    }


def _train(name: str, options: Mapping[str, Any], out: Path) -> Path:
    try:
        vaekit.train(**options, out=str(out))
    except vaekit.VaekitError as error:
        print(f"  {name}: {error}", file=sys.stderr)
    return out


def _row(name: str, options: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], Any]:
    started = time.perf_counter()
    diagnosis = vaekit.diagnose(_train(name, options, folder / name))
    row = {
        "run": name,
        "illnesses": [finding.name for finding in diagnosis.illnesses],
        "remarks": [finding.name for finding in diagnosis.findings if finding.remark],
        "seconds": round(time.perf_counter() - started, 1),
    }
    return row, diagnosis


def _cured(diagnosis: Any, first: str) -> bool:
    """Whether the printed command trains a run that is without the illness."""
    finding = diagnosis.first
    command = diagnosis.command(finding)
    if not command:
        return False
    out = diagnosis.cured_run
    program = shlex.quote(str(Path(sys.executable).with_name("vaekit")))
    for step in command.split(" && "):
        line = step.replace("vaekit", program, 1) + (
            " --no-figures" * step.startswith("vaekit train")
        )
        ended = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(f"  {line}\n  {ended.stderr}", file=sys.stderr)
            return False
    return first not in {each.name for each in vaekit.diagnose(out).findings}


def main() -> None:
    """Run the rows, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--no-cure", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--runs", type=Path, help="keep the runs in this folder")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = asked.runs or Path(place)
        for name, (first, options) in planted(folder).items():
            if asked.names and name not in asked.names:
                continue
            row, diagnosis = _row(name, options, folder)
            row["first"] = diagnosis.first is not None and diagnosis.first.name == first
            if row["first"] and not asked.no_cure:
                row["cured"] = _cured(diagnosis, first)
            rows.append(row)
            print(row, flush=True)
            for finding in diagnosis.findings:
                print(f"    {finding.title}: {finding.evidence}\n    {diagnosis.command(finding)}")
        for name, options in healthy().items():
            if asked.names and name not in asked.names:
                continue
            row, diagnosis = _row(name, options, folder)
            row["alarm"] = not diagnosis.healthy
            rows.append(row)
            print(row, flush=True)
            for finding in diagnosis.findings:
                print(f"    {finding.title}: {finding.evidence}")
    ill = [row for row in rows if "first" in row]
    well = [row for row in rows if "alarm" in row]
    print(
        f"named first: {sum(row['first'] for row in ill)} of {len(ill)}; "
        f"cured: {sum(row.get('cured', False) for row in ill)}; "
        f"alarms: {sum(row['alarm'] for row in well)} of {len(well)}"
    )
    if asked.out:
        asked.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
