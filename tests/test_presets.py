"""What a preset chooses by the images, and what it leaves to the user."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vaekit
from tests.cli.commands import cli, record_of
from tests.parts import blueprint
from vaekit.config import TrainConfig
from vaekit.config_files import read_config
from vaekit.plugins import discover
from vaekit.presets import PRESETS, TUTORIAL, preset_for
from vaekit.trainer.preset import choose_preset

TUTORIALS = [(28, 28, 1), (8, 8, 1), (32, 20, 1)]
OTHERS = [(28, 28, 3), (64, 64, 3), (33, 8, 1), (8, 8, 2), (128, 96, 3), (300, 400, 4)]
COLOUR = (64, 64, 3)
ROWS = [row for row in PRESETS if row.values]


def chosen(shape: tuple[int, int, int] = COLOUR, images: int = 5000, **named: Any) -> dict:
    return dict(choose_preset(TrainConfig.checked(named), shape, images).values)


# --- the table


@pytest.mark.parametrize("shape", TUTORIALS, ids=str)
@pytest.mark.parametrize("images", [1, 999, 60_000])
def test_images_like_the_tutorials_leave_all_as_it_is(shape, images):
    assert chosen(shape, images) == {}
    assert preset_for(shape, images).name == TUTORIAL


@pytest.mark.parametrize("shape", OTHERS, ids=str)
@pytest.mark.parametrize("images", [1, 999, 60_000])
def test_all_other_images_have_a_row(shape, images):
    values = chosen(shape, images)
    assert {"encoder", "decoder", "loss", "latent_dim", "epochs", "batch_size"} <= values.keys()
    assert values["latent_dim"] > 2
    assert values["batch_size"] <= images


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_holds_fields_that_a_config_takes_and_parts_that_there_are(row):
    values = row.values_for(5000)
    config = TrainConfig.checked(values)
    assert {name: getattr(config, name) for name in values} == values
    for kind, name in config.parts.items():
        options = vaekit.options.options_of(discover().registry.get(kind, name))
        assert values.get(f"{kind}_opt", {}).keys() <= options.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_fewer_images_have_more_epochs_within_limits(row):
    counts = [10, 300, 3000, 30_000, 3_000_000]
    epochs = [row.values_for(count)["epochs"] for count in counts]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] == row.steps.most
    assert epochs[-1] == row.steps.least


@pytest.mark.parametrize(
    "latent",
    [
        {},
        {"latent_opt": {"grid": True}},
        {"latent": "full-normal", "prior": "mixture"},
        {"latent": "deterministic", "prior": "vamp"},
    ],
)
def test_a_row_fits_other_latents_and_images_with_classes(latent):
    named = {**latent, "condition": "labels"}
    small = {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}, "latent_dim": 3}
    values = {**chosen((40, 40, 3), **named), **named, **small}
    made = blueprint((40, 40, 3), 0, values)._replace(classes=4)
    assert made.build().vae.latent_shape[-1] == 3
    assert chosen(**named) == chosen()


# --- what is named


NAMED = {
    "encoder": "conv5",
    "decoder": "deconv4",
    "loss": "beta",
    "latent_dim": 2,
    "epochs": 20,
    "batch_size": 32,
    "learning_rate": 5e-4,
    "recipe": "fast",
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_stays_though_it_be_the_tutorials(name):
    values = chosen(**{name: NAMED[name]})
    assert name not in values
    assert "loss" in values or name == "loss"


def test_the_tutorial_can_be_asked_for():
    assert chosen(preset=TUTORIAL) == {}


def test_what_a_file_of_a_config_says_is_named(tmp_path):
    (tmp_path / "c.toml").write_text("latent_dim = 2\nbatch_size = 32\n")
    values = chosen(**read_config(tmp_path / "c.toml"))
    assert not {"latent_dim", "batch_size"} & values.keys()
    assert "epochs" in values


def test_a_recipe_that_is_named_has_its_own_numbers():
    for recipe in ("tutorial", "fast"):
        assert not {"epochs", "batch_size", "learning_rate"} & chosen(recipe=recipe).keys()


def test_a_part_that_is_named_has_its_own_options():
    large = (128, 128, 3)
    of_the_row = chosen(large)
    assert "encoder_opt" not in chosen(large, encoder=of_the_row["encoder"])
    deep = chosen(large, encoder_opt={"depth": 2})
    assert deep["encoder_opt"] == {**of_the_row["encoder_opt"], "depth": 2}
    assert deep["decoder_opt"] == of_the_row["decoder_opt"]


# --- a run


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    from PIL import Image

    folder = tmp_path_factory.mktemp("photographs")
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3))):
        Image.fromarray(pixels.astype("uint8")).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(photographs, tmp_path_factory):
    """A run of photographs by the command line, what it printed, and the config that it saved."""
    folder = tmp_path_factory.mktemp("run")
    words = ("--encoder-opt", "width=4", "--decoder-opt", "width=4", "--epochs", 1, "--no-figures")
    saved = folder / "saved.toml"
    out = folder / "run"
    text = cli("train", "--data", photographs, *words, "--out", out, "--save-config", saved)
    return text, out, saved


def test_one_line_says_what_was_chosen(trained):
    text, out, _ = trained
    lines = [line for line in text.splitlines() if line.startswith("Chosen for")]
    config = record_of(out)["config"]
    assert len(lines) == 1
    assert lines[0].startswith("Chosen for 11 images of 8x8x3: ")
    for name in ("encoder", "decoder", "loss", "latent_dim", "batch_size"):
        assert f"{name} {config[name]}" in lines[0]
    assert "epochs" not in lines[0].partition(". ")[0]  # they were named
    assert "preset tutorial" in lines[0]


def test_the_record_holds_what_was_chosen_and_which_row(trained):
    _, out, _ = trained
    record = record_of(out)
    row = preset_for((8, 8, 3), 11)
    assert record["choices"]["preset"]["value"] == row.name
    assert record["config"]["preset"] == "auto"
    expected = {**row.values_for(11), "epochs": 1}
    config = record["config"]
    for name, value in expected.items():
        if isinstance(value, dict):
            assert value.items() <= config[name].items()
        else:
            assert config[name] == value
    assert config["encoder_opt"]["width"] == config["decoder_opt"]["width"] == 4


def test_a_saved_config_leaves_nothing_to_choose(trained):
    _, out, saved = trained
    config = TrainConfig.checked(read_config(saved))
    again = choose_preset(config, (8, 8, 3), 11)
    assert (again.values, again.choice.value) == ({}, "none")
    assert config.encoder == record_of(out)["config"]["encoder"]


def test_it_goes_on_as_it_was_chosen(trained, photographs):
    """`train --resume`, with the options of the first time, chooses the same; nothing differs."""
    _, out, _ = trained
    before = record_of(out)
    asked = {"encoder_opt": {"width": 4}, "decoder_opt": {"width": 4}, "epochs": 2}
    config = TrainConfig.checked({**asked, "data": photographs, "figures": False, "out": out})
    session = vaekit.api.prepare_training(config, None, progress=False, resume=True)
    session.directory.lock.release()
    after = session.record.as_json()
    assert after["choices"]["preset"] == before["choices"]["preset"]
    assert {**after["config"], "epochs": 1} == before["config"]
