"""Files of TensorBoard's embedding projector: codes, what they are of, and a picture of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import vaekit

_SIDE, _SHEET = 64, 8192  # pixels of a picture and of all of them, at most

_CONFIG = """embeddings {{
  tensor_name: "z of held-out images"
  tensor_path: "tensors.tsv"
  metadata_path: "metadata.tsv"
  sprite {{
    image_path: "sprite.png"
    single_image_dim: {width}
    single_image_dim: {height}
  }}
}}
"""


def write_projector(
    folder: Path, images: vaekit.Images, points: np.ndarray, classes: Sequence[str] | None
) -> None:
    """Write `projector_config.pbtxt` and the files that it names.

    points: `(N, D)`, one for each image.
    """
    height, width = images.pixels.shape[1:3]
    scale = min(1.0, _SIDE / max(height, width))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    count = min(len(points), (_SHEET // width) * (_SHEET // height))
    np.savetxt(folder / "tensors.tsv", points[:count], fmt="%.9g", delimiter="\t")
    _write_metadata(folder / "metadata.tsv", images, classes, count)
    pixels = vaekit.as_floats(np.asarray(images.pixels[:count]))
    _sheet(pixels, width, height).save(folder / "sprite.png")
    config = _CONFIG.format(width=width, height=height)
    (folder / "projector_config.pbtxt").write_text(config, encoding="utf-8")


def _write_metadata(
    path: Path, images: vaekit.Images, classes: Sequence[str] | None, count: int
) -> None:
    """A line an image: its number and, where there are labels, its class.

    A table of one column has no head, as TensorBoard wants it.
    """
    if images.labels is None:
        lines = [str(number) for number in range(count)]
    else:
        labels = np.asarray(images.labels[:count]).tolist()
        names = [str(label) if classes is None else classes[label] for label in labels]
        names = [" ".join(name.split()) for name in names]
        lines = ["image\tclass", *(f"{number}\t{name}" for number, name in enumerate(names))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sheet(pixels: np.ndarray, width: int, height: int) -> Image.Image:
    """Images `(N, H, W, C)` side by side, as many rows as columns."""
    columns = math.ceil(math.sqrt(len(pixels)))
    colour = pixels.shape[-1] == 3
    sheet = Image.new("RGB" if colour else "L", (columns * width, columns * height), "white")
    for number, image in enumerate((pixels * 255).round().astype("uint8")):
        shown = Image.fromarray(image if colour else image[..., 0])
        if shown.size != (width, height):
            shown = shown.resize((width, height), Image.Resampling.BOX)
        sheet.paste(shown, (number % columns * width, number // columns * height))
    return sheet
