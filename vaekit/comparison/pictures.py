"""The same images through each run, and the same z: models are loaded one after the other."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PIL import Image

from vaekit.comparison.comparable import data, image_shape
from vaekit.comparison.compared_run import ComparedRun
from vaekit.errors import VaekitError
from vaekit.figures.grid import as_rgb
from vaekit.pixels import as_floats
from vaekit.run import Run, read_run
from vaekit.types import Images

COUNT = 10
_SEED = 0


class Strip(NamedTuple):
    """Images beside each other, as one picture. url: the picture itself, a PNG."""

    name: str
    url: str


@dataclass
class Pictures:
    """What the runs make of the same images and of the same z; sentences on what is left out."""

    reconstructed: list[Strip] = field(default_factory=list)
    decoded: list[Strip] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def pictures_of(runs: Sequence[ComparedRun]) -> Pictures:
    """The first run's held-out images, reconstructed by each run of the same data; and z ~ N(0, I).

    z is decoded by the runs whose latents have the shape of the first one's that has the prior
    N(0, I).
    """
    pictures = Pictures()
    images: tuple[ComparedRun, Images] | None = None
    z: tuple[ComparedRun, np.ndarray] | None = None
    for compared in runs:
        try:
            run = read_run(compared.path)
        except VaekitError as error:
            pictures.left_out.append(f"{compared.name} can't be loaded. {error}")
            continue
        try:
            images = images or _originals(compared, run, pictures)
            _reconstruct(compared, run, images, pictures)
            z = _decode(compared, run, z, pictures)
        except VaekitError as error:
            pictures.left_out.append(f"{compared.name} shows no images. {error}")
    return pictures


def _originals(compared: ComparedRun, run: Run, pictures: Pictures) -> tuple[ComparedRun, Images]:
    images = run.held_out(limit=COUNT).images
    pictures.reconstructed.append(Strip("images", _strip(as_floats(images.pixels[:]))))
    return compared, images


def _reconstruct(
    compared: ComparedRun, run: Run, shown: tuple[ComparedRun, Images], pictures: Pictures
) -> None:
    first, images = shown
    reason = image_shape(first, compared) or data(first, compared)
    if reason is not None:
        pictures.left_out.append(f"{compared.name} reconstructs no images here: {reason}.")
        return
    pictures.reconstructed.append(Strip(compared.name, _strip(run.reconstruct(images))))


def _decode(
    compared: ComparedRun,
    run: Run,
    shared: tuple[ComparedRun, np.ndarray] | None,
    pictures: Pictures,
) -> tuple[ComparedRun, np.ndarray] | None:
    """Add what the run decodes of the shared z; give them, made where this is the first run."""
    if run.model.latent.support != "real" or not run.model.has_standard_prior:
        pictures.left_out.append(
            f"{compared.name} decodes none of the same z, as its prior isn't N(0, I)."
        )
        return shared
    if shared is None:
        draws = np.random.default_rng(_SEED).standard_normal((COUNT, *run.latent_shape))
        shared = compared, draws.astype("float32")
    first, z = shared
    if z.shape[1:] != run.latent_shape:
        shapes = ["x".join(map(str, shape)) for shape in (run.latent_shape, z.shape[1:])]
        pictures.left_out.append(
            f"{compared.name} decodes none of the same z: its latents are {shapes[0]}, and those "
            f"of {first.name} {shapes[1]}."
        )
        return shared
    condition = run.model.condition
    labels = None if condition is None else np.arange(COUNT) % condition.classes
    pictures.decoded.append(Strip(compared.name, _strip(run.decode(z, labels))))
    return shared


def _strip(images: np.ndarray) -> str:
    """Images `(N, H, W, C)` in [0, 1] in a row, clear between them, as the address of a PNG."""
    rgb = as_rgb(images)
    opaque = np.full((*rgb.shape[:3], 1), 255, np.uint8)
    gap = max(1, rgb.shape[2] // 14)
    spaced = np.pad(np.concatenate([rgb, opaque], axis=-1), ((0, 0), (0, 0), (0, gap), (0, 0)))
    row = np.concatenate(list(spaced), axis=1)[:, :-gap]
    file = io.BytesIO()
    Image.fromarray(row).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
