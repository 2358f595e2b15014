"""Plugins that were written for version 1 of the plugin API work on as they are.

Their sources are in `tests/version1`. Here they are installed as distributions, each with its
entry point; no line of theirs was changed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import vaekit
from tests.cli.commands import cli
from tests.installed import Site, metadata_files
from tests.resume.runs import KillAt, Killed, result
from vaekit.plugins import discover
from vaekit.testing import check_component

SOURCES = Path(__file__).parent / "version1"
# Modules by their distributions.
PLUGINS = {
    "vaekit-resnet": "vaekit_resnet",
    "vaekit-disentangle": "vaekit_disentangle",
    **{f"old-{kind}": f"old_{kind}" for kind in ("encoder", "decoder", "loss", "dataset")},
    "stranger": "stranger",
}
OFFERED = {
    *(("encoder", "resnet"), ("decoder", "resnet")),
    *(("loss", name) for name in ("dip-vae", "factor-vae", "beta-tcvae")),
    *((kind, f"old-{kind}") for kind in ("encoder", "decoder", "loss", "dataset")),
    *(("loss", f"stranger-{name}") for name in ("plain", "annealed", "adversarial")),
    *((kind, "stranger") for kind in ("encoder", "decoder", "dataset")),
}
STRANGERS = {"encoder": "stranger", "decoder": "stranger", "data": "stranger"}
RUNS = [
    pytest.param({**STRANGERS, "loss": "stranger-adversarial"}, id="stranger-adversarial"),
    *(
        pytest.param(parts, id=parts["loss"], marks=pytest.mark.slow)
        for parts in (
            {**STRANGERS, "loss": "stranger-annealed"},
            {**STRANGERS, "loss": "stranger-plain"},
            {**STRANGERS, "loss": "factor-vae"},
            {**STRANGERS, "loss": "beta-tcvae"},
            {"encoder": "resnet", "decoder": "resnet", "loss": "dip-vae", "data": "stranger"},
            {
                **{kind: f"old-{kind}" for kind in ("encoder", "decoder", "loss")},
                **{"data": "old-dataset", "limit": 40},
            },
        )
    ),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("version1") / "site"
    shutil.copytree(SOURCES, folder)
    for name, module in PLUGINS.items():
        info = folder / f"{module}-0.1.0.dist-info"
        info.mkdir()
        for file, text in metadata_files(name, "0.1.0", f"{name} = {module}").items():
            (info / file).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        discover.cache_clear()
        yield
        Site(folder).forget()


def test_all_of_them_are_listed_and_none_is_broken(installed):
    parts = {(part.kind, part.name): part for part in discover().registry}
    assert {key for key, part in parts.items() if part.distribution in PLUGINS} == OFFERED
    assert not [broken for broken in discover().broken if broken.distribution in PLUGINS]
    listed = cli("plugins", "list")
    assert all(name in listed for _, name in OFFERED)


@pytest.mark.parametrize("parts", RUNS)
def test_they_train_and_go_on_to_the_bit(installed, tmp_path, parts):
    small = {"epochs": 2, "batch_size": 8, "step_log": True, "progress": False, **parts}
    whole = vaekit.train(**small, out=str(tmp_path / "whole"))
    assert all(np.isfinite(value) for key, value in whole.history[-1].items() if "loss" in key)
    with pytest.raises(Killed):
        vaekit.train(
            **small, callbacks=[KillAt(6)], checkpoint_every="3steps", out=str(tmp_path / "cut")
        )
    assert result(vaekit.resume(tmp_path / "cut", progress=False)) == result(whole)
    recorded = whole.record.parts[next(iter(parts))]
    assert recorded["distribution"] in PLUGINS  # as a dict of vaekit 0.1's


def test_train_takes_encoder_decoder_loss_and_data_by_their_places(installed, tmp_path):
    run = vaekit.train(
        "stranger",
        "stranger",
        "stranger-plain",
        "stranger",
        epochs=1,
        progress=False,
        batch_size=8,
        out=str(tmp_path / "run"),
    )
    kinds = ("encoder", "decoder", "loss")
    assert [run.record.parts[kind].distribution for kind in kinds] == ["stranger"] * 3
    assert run.record.data.used == "stranger"


def test_what_is_written_for_more_than_a_diagonal_normal_says_so(installed, tmp_path):
    """A loss of version 1 takes the posterior for one, and the prior for N(0, I)."""
    for other, text in (
        ({"latent": "deterministic"}, "a posterior of type DiagonalNormal and gets PointMass"),
        ({"prior": "mixture"}, "a prior of type StandardNormal and gets Mixture"),
    ):
        with pytest.raises(vaekit.BuildError, match=f"'stranger-annealed' needs {text}"):
            vaekit.train(
                **STRANGERS,
                **other,
                loss="stranger-annealed",
                out=str(tmp_path / "run"),
                batch_size=8,
                progress=False,
            )


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), sorted(OFFERED))
def test_they_pass_the_conformance_checks(installed, kind, name):
    # Each is trained above, to the bit.
    check_component(name, kind, skip=("trains_ten_steps",))
