"""Each preset: of installed distributions, its paper's net, and two steps of it on tiny images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from parts import IMAGES, SHAPE
from vaekit.config import TrainConfig
from vaekit.engine import Blueprint, compile_train
from vaekit.model import resolve_parts
from vaekit.plugins import discover
from vaekit.presets import NamedPreset, named_presets
from vaekit.registry import RUN_KINDS
from vaekit.trainer.preset import choose_preset, refuse_uninstalled

BATCHES = np.arange(16).reshape(2, 8).astype("int32")
LABELED = vaekit.Images(IMAGES, np.arange(len(IMAGES)) % 3)
# What makes a part small, by its name, so that two steps take no time.
NARROW: dict[str, dict[str, Any]] = {
    "mlp": {"units": [4]},
    "residual": {"width": 2},
    "resnet-map": {"width": 2, "depth": 1},
    "kl-f4": {"width": 2},
    "kl-f8": {"width": 2},
    "factor-vae": {"discriminator_layers": 1, "discriminator_units": 4},
    "vae-gan": {"width": 2},
    "vamp": {"inputs": 3},
    "vq": {"codes": 8},
    "conv5": {"width": 2},
    "deconv4": {"width": 2},
    "aae": {"discriminator_layers": 1, "discriminator_units": 4},
    "miwae": {"groups": 2, "samples": 2},
    "piwae": {"groups": 2, "samples": 2},
    "ciwae": {"samples": 2},
    "iwae": {"samples": 2},
    "ladder": {"units": 4},
    "iaf": {"units": 2},
    "m2": {"units": 4},
    "riemannian": {"centroids": 8},
    "image-tokenizer": {"width": 2},
}
# Its step is traced for a minute: a discriminator, and a gradient within a gradient.
LONG = {"image-tokenizer"}
every = pytest.mark.parametrize(
    "preset",
    [
        pytest.param(preset, id=preset.name, marks=[pytest.mark.slow] * (preset.name in LONG))
        for preset in named_presets().values()
    ],
)


def parts_of(preset: NamedPreset) -> dict[str, str]:
    return {kind: preset.values[kind] for kind in RUN_KINDS if kind in preset.values}


@every
def test_its_distributions_are_those_of_its_parts(preset: NamedPreset) -> None:
    factories = [
        str(discover().registry.get(kind, name).factory) for kind, name in parts_of(preset).items()
    ]
    packages = {factory.partition(".")[0].replace("_", "-") for factory in factories}
    assert sorted(packages - {"vaekit"}) == list(preset.distributions)
    refuse_uninstalled(TrainConfig.checked({"preset": preset.name}), discover().registry)


@every
def test_its_options_are_those_of_its_parts(preset: NamedPreset) -> None:
    config = TrainConfig.checked(dict(preset.values))
    parts = resolve_parts(config, discover().registry)
    for kind, options in config.part_options.items():
        for name, value in options.items():
            of_part = parts[kind].options[name]
            assert (list(of_part) if isinstance(value, list) else of_part) == value


@every
def test_two_steps_of_it_are_finite(preset: NamedPreset) -> None:
    narrow = {
        RUN_KINDS[kind].options_field: NARROW[name]
        for kind, name in parts_of(preset).items()
        if name in NARROW
    }
    config = TrainConfig.checked({"preset": preset.name, "batch_size": 8, **narrow})
    values = choose_preset(config, SHAPE, len(IMAGES)).values
    config = config.model_copy(update=dict(values))
    parts = resolve_parts(config, discover().registry)
    blueprint = Blueprint(config, parts, SHAPE, dataset_size=len(IMAGES), classes=3)
    train = compile_train(blueprint.program(), LABELED)
    assert np.isfinite(train(BATCHES)).all()
