"""A drawing of the model: what shapes an image goes through to z, and z to an image."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import keras

from vaekit.model import VAE
from vaekit.report.facts import TIMES

_SLOT, _ROW = 112, 158  # pixels of the drawing that a stage and a row of them take
_MIDDLE = 56  # of a row, from its top
_LATENT = 84


class Box(NamedTuple):
    """A stage: layers in a row whose output has one shape. x, y: its middle."""

    x: float
    y: float
    width: float
    height: float
    shape: str
    kind: str
    layers: str


class Diagram(NamedTuple):
    """The encoder's stages from left to right, below them the decoder's from right to left."""

    width: int
    height: int
    encoder: list[Box]
    decoder: list[Box]


def diagram_of(model: VAE) -> Diagram:
    """Where each stage of a model's encoder, with the latent's heads, and its decoder is drawn."""
    encoder, decoder = _stages(model.heads), _stages(model.decoder)[1:]
    columns = max(len(encoder), len(decoder))
    return Diagram(
        width=columns * _SLOT + _LATENT,
        height=2 * _ROW,
        encoder=[
            _box(stage, (columns - len(encoder) + number) * _SLOT, 0)
            for number, stage in enumerate(encoder)
        ],
        decoder=[
            _box(stage, (columns - 1 - number) * _SLOT, _ROW)
            for number, stage in enumerate(decoder)
        ],
    )


class _Stage(NamedTuple):
    shape: tuple[int, ...]
    layers: list[keras.layers.Layer]


def _stages(model: keras.Model) -> list[_Stage]:
    """Layers that follow each other and give the same shape; what only reshapes is none."""
    stages: list[_Stage] = []
    layers = [layer for layer in model._flatten_layers(include_self=False) if not _holds(layer)]
    for shape, group in groupby(layers, key=lambda layer: tuple(layer.output.shape[1:])):
        own = list(group)
        same_size = stages and math.prod(stages[-1].shape) == math.prod(shape)
        if not same_size or any(layer.weights for layer in own):
            stages.append(_Stage(shape, own))
    return stages


def _holds(layer: keras.layers.Layer) -> bool:
    """Whether a layer is made of others, which are drawn."""
    return len(list(layer._flatten_layers())) > 1


def _box(stage: _Stage, left: float, top: float) -> Box:
    channels = stage.shape[-1] if len(stage.shape) > 1 else 1
    largest = max(stage.shape[:-1] or stage.shape)
    kinds = Counter(type(layer).__name__ for layer in stage.layers)
    weights = sum(math.prod(w.shape) for layer in stage.layers for w in layer.weights)
    return Box(
        x=left + _SLOT / 2,
        y=top + _MIDDLE,
        width=8 + 4 * math.log2(1 + channels),
        height=min(96.0, 10 + 10 * math.log2(1 + largest)),
        shape=f" {TIMES} ".join(map(str, stage.shape)),
        kind=_kind(stage.layers),
        layers=f"{', '.join(_counted(*item) for item in kinds.items())}: {weights:,} weights",
    )


def _kind(layers: Sequence[keras.layers.Layer]) -> str:
    """The kind of layer that a stage is known by: the first that has a matrix, if one has."""
    kernels = [x for x in layers if any(len(weight.shape) > 1 for weight in x.weights)]
    name = type((kernels or layers)[0]).__name__
    if name == "InputLayer":
        return "image"
    return _counted(name, sum(type(layer).__name__ == name for layer in layers))


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{count} {TIMES} {name}"
