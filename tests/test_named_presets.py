"""Presets by name: the table, what is typed beside them, and what isn't installed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

import vaekit
from tests.cli.commands import cli, record_of
from vaekit.cli import main
from vaekit.config import TrainConfig
from vaekit.config_files import read_config
from vaekit.plugins import discover
from vaekit.presets import TUTORIAL, named_preset, named_presets
from vaekit.presets.named import NamedPreset
from vaekit.registry import RUN_KINDS, Registry
from vaekit.trainer.preset import choose_preset, refuse_uninstalled

GREY = (28, 28, 1)
# Of the kit's own parts alone, so that it trains wherever the kit is installed.
KITS = "sigma-vae"
every = pytest.mark.parametrize("preset", named_presets().values(), ids=lambda preset: preset.name)


def chosen(shape: tuple[int, int, int] = GREY, images: int = 60_000, **named: Any) -> dict:
    return dict(choose_preset(TrainConfig.checked(named), shape, images).values)


def refused(*words: Any) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="vaekit")
    assert result.exit_code == 2, result.output
    return result.stderr


# --- the table


@every
def test_a_row_says_whose_it_is_and_what_it_is_good_for(preset):
    assert re.search(r"\(.*\d{4}\)$", preset.paper)
    assert preset.arxiv == "" or re.fullmatch(r"\d{4}\.\d{4,5}", preset.arxiv)
    assert preset.good_for


@every
def test_a_row_holds_fields_that_a_config_takes(preset):
    config = TrainConfig.checked(dict(preset.values))
    assert {name: getattr(config, name) for name in preset.values} == preset.values
    assert "epochs" not in preset.values
    assert preset.steps is None or "batch_size" in preset.values


@every
def test_a_row_of_the_kits_parts_alone_needs_no_distribution(preset):
    kits = discover().registry
    parts = {kind: preset.values[kind] for kind in RUN_KINDS if kind in preset.values}
    of_the_kit = all(
        any(part.name == name and part.distribution == "vaekit" for part in kits if part.kind == k)
        for k, name in parts.items()
    )
    assert of_the_kit == (preset.distributions == ())


@every
def test_every_image_leaves_it_the_same(preset):
    """`auto` goes by the images; a name doesn't."""
    if preset.steps is None:
        grey, colour = (chosen(shape, 60_000, preset=preset.name) for shape in (GREY, (96, 64, 3)))
        assert grey == colour == dict(preset.values)


def test_the_tutorial_decides_nothing():
    assert chosen((64, 64, 3), preset=TUTORIAL) == {}


def test_steps_decide_epochs_by_the_images():
    preset = NamedPreset("p", "", "", values={"batch_size": 64}, steps=1000)
    assert preset.values_for(6400)["epochs"] == 10
    assert preset.values_for(6400, batch_size=32)["epochs"] == 5
    assert preset.values_for(10) == {"batch_size": 10, "epochs": 1000}


# --- what is named


@pytest.mark.parametrize(
    ("name", "value"),
    [("loss", "beta"), ("latent_dim", 3), ("batch_size", 7), ("learning_rate", 2e-3)],
)
def test_what_is_typed_wins(name, value):
    values = chosen(preset=KITS, **{name: value})
    assert values.get(name, value) == value
    assert values["encoder"] == "residual"


def test_options_of_a_part_join_those_of_the_preset():
    row = named_preset("vae").values
    values = chosen(preset="vae", encoder_opt={"activation": "relu"})
    assert values["encoder_opt"] == {**row["encoder_opt"], "activation": "relu"}
    assert "encoder_opt" not in chosen(preset="vae", encoder="conv5")


def test_a_config_file_takes_a_name_and_what_is_beside_it_wins(tmp_path):
    (tmp_path / "c.toml").write_text(f'preset = "{KITS}"\nlatent_dim = 3\n')
    values = chosen(**read_config(tmp_path / "c.toml"))
    assert values["loss"] == "sigma"
    assert "latent_dim" not in values


def test_a_batch_is_no_larger_than_the_images_are_many():
    assert chosen(images=9, preset=KITS)["batch_size"] == 9


def test_an_unknown_name_is_refused_with_the_closest(tmp_path):
    text = refused("train", "--preset", "sigma-vea", "--out", tmp_path / "run")
    assert "--preset" in text
    assert f"Did you mean '{KITS}'?" in text
    with pytest.raises(vaekit.OptionError, match="no preset 'svea'"):
        vaekit.train(preset="svea", data="mnist-sample")


# --- what isn't installed


def of_the_kit() -> Registry:
    registry = Registry()
    registry.add(*(part for part in discover().registry if part.distribution == "vaekit"))
    return registry


@pytest.mark.parametrize("config", [{}, {"encoder": "conv5"}])
def test_a_preset_that_is_not_installed_is_refused_with_what_installs_it(config):
    checked = TrainConfig.checked({"preset": "dip-vae", **config})
    with pytest.raises(vaekit.UserError) as caught:
        refuse_uninstalled(checked, of_the_kit())
    command = "pip install ./plugins/vaekit-backbones ./plugins/vaekit-disentangle"
    assert command in str(caught.value)
    assert "the loss 'dip-vae" in str(caught.value)
    assert ("the encoder 'burgess'" in str(caught.value)) == ("encoder" not in config)


def test_parts_that_are_named_are_not_missed():
    named = {"encoder": "conv5", "decoder": "deconv4", "latent": "normal"}
    refuse_uninstalled(TrainConfig.checked({"preset": "svae", **named}), of_the_kit())


# --- a run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run by a preset's name, and what it printed."""
    out = tmp_path_factory.mktemp("named") / "run"
    words = ("--encoder-opt", "width=2", "--decoder-opt", "width=2", "--epochs", 1, "--limit", 16)
    text = cli("train", "--preset", KITS, "--data", "digits", *words, "--no-figures", "--out", out)
    return text, out


def test_a_line_says_what_it_decided(trained):
    text, _ = trained
    (line,) = (line for line in text.splitlines() if line.startswith("Chosen"))
    assert line.startswith(f"Chosen by the preset {KITS}: encoder residual, ")
    assert "epochs" not in line  # they were named
    assert line.endswith("What you name stays.")


def test_the_record_says_which_it_was_and_what_it_decided(trained):
    _, out = trained
    record = record_of(out)
    choice = record["choices"]["preset"]
    assert choice["value"] == record["config"]["preset"] == KITS
    for name in ("encoder", "decoder", "loss", "latent_dim", "batch_size", "learning_rate"):
        assert name in choice["why"]
    assert record["config"]["loss"] == "sigma"
    assert record["config"]["encoder_opt"]["width"] == 2
    assert record["config"]["latent_dim"] == named_preset(KITS).values["latent_dim"]


def test_it_goes_on_by_resume_and_by_the_same_words(trained):
    _, out = trained
    before = record_of(out)
    session = vaekit.api.prepare_training(
        TrainConfig.checked(
            {
                "preset": KITS,
                "data": "digits",
                "encoder_opt": {"width": 2},
                "decoder_opt": {"width": 2},
                "epochs": 2,
                "limit": 16,
                "figures": False,
                "out": out,
            }
        ),
        None,
        progress=False,
        resume=True,
    )
    session.directory.lock.release()
    assert session.record.as_json()["choices"]["preset"] == before["choices"]["preset"]
    run = vaekit.resume(out, epochs=2, progress=False)
    assert run.record.training.epochs_done == 2
    assert record_of(out)["choices"]["preset"] == before["choices"]["preset"]


# --- the command


def test_the_command_lists_each_with_paper_and_purpose():
    text = cli("presets")
    for preset in named_presets().values():
        (line,) = (line for line in text.splitlines() if line.split()[0] == preset.name)
        assert preset.arxiv in line
        assert line.endswith(preset.good_for)


def test_the_command_shows_the_values_of_one_as_a_config_file(tmp_path):
    text = cli("presets", "svae")
    (tmp_path / "svae.toml").write_text(text)
    assert read_config(tmp_path / "svae.toml") == named_preset("svae").values
    assert "arXiv:1804.00891" in text
    assert "vaekit-geometry" in text


def test_the_command_prints_json():
    rows = json.loads(cli("presets", "--json"))
    assert [row["name"] for row in rows] == list(named_presets())
    assert json.loads(cli("presets", "svae", "--json")) == next(
        row for row in rows if row["name"] == "svae"
    )


def test_the_command_refuses_a_name_that_there_is_not():
    assert refused("presets", "svea") == (
        "vaekit: There is no preset 'svea'. Did you mean 'svae'?\n"
    )
