"""A sample of every latent with every loss, and refusals that say what to do instead."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from keras import layers
from parts import IMAGES, blueprint

PLUGINS = Path(__file__).parents[1]
MIX = PLUGINS.parent / "benchmarks" / "mix.py"


def loaded_from_folders() -> list[str]:
    """Options that load each distribution of this folder which isn't installed."""
    options = []
    for folder in sorted(PLUGINS.glob("vaekit-*")):
        try:
            distribution(folder.name)
        except PackageNotFoundError:
            file = folder / "src" / folder.name.replace("-", "_") / "__init__.py"
            options += ["--plugin", str(file)]
    return options


def test_a_sample_is_trained_and_read_again_or_refused(tmp_path: Path) -> None:
    results = tmp_path / "mix.json"
    command = [sys.executable, str(MIX), "--sample", "12", "--seed", "4", str(results)]
    done = subprocess.run(
        [*command, *loaded_from_folders()],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    rows = json.loads(results.read_text())["rows"]
    assert [row for row in rows if row["outcome"] == "failed"] == []
    assert done.returncode == 0, done.stderr
    assert len(rows) == 12
    assert sum(row["outcome"] == "trained" for row in rows) >= 4
    for row in rows:
        if row["outcome"] == "refused":
            assert "'" + row["latent"] + "'" in row["sentence"]
            assert "Choose the " in row["sentence"]


def wide_encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    """A map of 20x20."""
    images = layers.Input(image_shape)
    return keras.Model(images, layers.ZeroPadding2D(6)(layers.Conv2D(4, 1)(images)))


def wide_decoder(latent_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> keras.Model:
    z = layers.Input(latent_shape)
    return keras.Model(z, layers.Conv2D(image_shape[-1], 1)(layers.Cropping2D(6)(z)))


vaekit.register_encoder("wide", wide_encoder)
vaekit.register_decoder("wide", wide_decoder)

# What is put together, the two parts that the sentence is to name, and how what works begins.
REFUSED: list[tuple[dict[str, Any], tuple[str, str], str]] = [
    ({"loss": "iwae", "latent": "deterministic"}, ("iwae", "deterministic"), "latent"),
    ({"loss": "beta", "latent": "vq"}, ("beta", "vq"), "loss"),
    ({"decoder": "tiny", "latent": "vq", "encoder": "wide"}, ("tiny", "vq"), "decoder"),
    ({"prior": "mixture", "latent": "vq"}, ("mixture", "vq"), "latent"),
    ({"prior": "realnvp", "latent": "vq"}, ("realnvp", "vq"), "latent"),
    ({"prior": "mixture", "latent": "fsq"}, ("mixture", "fsq"), "latent"),
    ({"loss": "rae-gp", "latent": "normal"}, ("rae-gp", "normal"), "latent"),
    ({"loss": "wae-mmd", "latent": "deterministic"}, ("wae-mmd", "deterministic"), "prior"),
]


@pytest.mark.parametrize(
    ("config", "names", "instead"), REFUSED, ids=["-".join(names) for _, names, _ in REFUSED]
)
def test_a_refusal_names_both_parts_and_one_that_works(
    config: dict[str, Any], names: tuple[str, str], instead: str
) -> None:
    with pytest.raises(vaekit.BuildError) as refused:
        blueprint(**config).build()
    sentence = str(refused.value)
    for name in names:
        assert f"'{name}'" in sentence
    choice = re.search(rf"Choose the {instead} ('[^.]*')\.", sentence)
    assert choice, sentence
    last = choice[1].split("'")[-2]
    blueprint(**{**config, instead: last}).build()


def test_a_condition_needs_labels(tmp_path: Path) -> None:
    with pytest.raises(vaekit.UserError, match=r"condition='labels'.*no labels.*give labels"):
        vaekit.train(
            data=(IMAGES * 255).astype(np.uint8),
            condition="labels",
            encoder="tiny",
            decoder="tiny",
            figures=False,
            progress=False,
            out=str(tmp_path / "run"),
        )
