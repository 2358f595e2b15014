r"""The README's picture from a run's figures: the manifold and the latent map, side by side.

    vaekit train --encoder conv5 --decoder deconv4 --data mnist-sample --recipe fast \
        --epochs 12 --out run
    python docs/make_pictures.py run

Writes `docs/first-run.png`, of a width that a page shows without scaling it up.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

HEIGHT = 560  # pixels
GAP = 24
OUT = Path(__file__).parent / "first-run.png"


def beside(*paths: Path) -> Image.Image:
    """The pictures in a row, at one height, on white."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    scaled = [
        picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.LANCZOS)
        for picture in pictures
    ]
    width = sum(picture.width for picture in scaled) + GAP * (len(scaled) - 1)
    row = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for picture in scaled:
        row.paste(picture, (left, 0))
        left += picture.width + GAP
    return row


if __name__ == "__main__":
    figures = Path(sys.argv[1]) / "figures"
    beside(figures / "manifold.png", figures / "latent.png").save(OUT, optimize=True)
