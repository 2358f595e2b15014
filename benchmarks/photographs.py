"""Folders of small photographs, cut and warped from those that come with scikit-image and
scikit-learn: a test set of colour where none can be downloaded.

    python benchmarks/photographs.py photographs --size 64 --train 4000 --test 500
    python benchmarks/photographs.py few --size 64 --train 304 --test 100

Images lie in `train/PHOTOGRAPH/` and `test/PHOTOGRAPH/`. A quarter of each photograph, at its left
or right side, is for the test images alone, so that no pixel is in both splits. A seed makes the
same files again.

Every patch is a square of 48 to 192 pixels of its photograph, turned by up to 15 degrees, its
corners moved by up to 6 % of its side, mirrored or not; brightness, contrast and saturation are
changed by up to 15 %. Needs `pip install scikit-image scikit-learn`.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

# Chelsea, coffee and rocket are CC0, the astronaut (NASA) is in the public domain, the motorcycle
# is of the Middlebury stereo sets, china and flower are CC BY 2.0, by danielbuechele and vultilion.
PHOTOGRAPHS = {
    "astronaut": "skimage/data/astronaut.png",
    "chelsea": "skimage/data/chelsea.png",
    "coffee": "skimage/data/coffee.png",
    "motorcycle": "skimage/data/motorcycle_left.png",
    "rocket": "skimage/data/rocket.jpg",
    "china": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
}
TESTED_LEFT = ("astronaut", "chelsea")  # whose right side is a blur
TEST_SHARE = 0.25  # of a photograph's width
GAP = 4  # pixels between the regions: more than resampling reaches
SIDES = (48, 192)
TURN = math.radians(15)
CORNERS = 0.06
COLOURS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
CHANGE = 0.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a folder that isn't there yet")
    parser.add_argument("--size", type=int, default=64, help="height and width")
    parser.add_argument("--train", type=int, default=4000, help="how many images")
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    make(args.out, args.size, {"train": args.train, "test": args.test}, args.seed)


def make(out: Path, size: int, counts: dict[str, int], seed: int = 0) -> None:
    """Write so many images of each split below `out`, the photographs taking turns."""
    photographs = {name: load(path) for name, path in PHOTOGRAPHS.items()}
    rng = np.random.default_rng(seed)
    for split, count in counts.items():
        regions = {
            name: region(photograph, split, tested_left=name in TESTED_LEFT)
            for name, photograph in photographs.items()
        }
        for number in range(count):
            name = list(regions)[number % len(regions)]
            folder = out / split / name
            folder.mkdir(parents=True, exist_ok=True)
            patch(regions[name], size, rng).save(folder / f"{number:05}.png")


def load(path: str) -> Image.Image:
    """A photograph of an installed package, which isn't imported for it."""
    package, _, rest = path.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{path} is not there: pip install scikit-image scikit-learn")
    return Image.open(Path(spec.origin).parent / rest).convert("RGB")


def region(photograph: Image.Image, split: str, *, tested_left: bool) -> Image.Image:
    """The part of a photograph that a split may show."""
    width, height = photograph.size
    tested = int(TEST_SHARE * width)
    if split == "test":
        left, right = (0, tested) if tested_left else (width - tested, width)
    else:
        left, right = (tested + GAP, width) if tested_left else (0, width - tested - GAP)
    return photograph.crop((left, 0, right, height))


def patch(photograph: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """One warped square of a photograph, `size` pixels high and wide."""
    corners = quadrilateral(photograph.size, rng)
    # Sampled finely and then averaged, lest what is made smaller flickers.
    finely = size * max(1, math.ceil(np.ptp(corners, axis=0).max() / size))
    image = photograph.transform(
        (finely, finely), Image.Transform.QUAD, corners.ravel().tolist(), Image.Resampling.BICUBIC
    ).resize((size, size), Image.Resampling.BOX)
    for enhance in COLOURS:
        image = enhance(image).enhance(rng.uniform(1 - CHANGE, 1 + CHANGE))
    return image


def quadrilateral(within: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Corners (4, 2) of a patch inside a photograph: x and y of the upper left, then against the
    clock, of an upright or mirrored square that is turned and bent.
    """
    least, most = SIDES[0], min(SIDES[1], *within)
    while True:
        side = math.exp(rng.uniform(math.log(least), math.log(most)))
        turn = rng.uniform(-TURN, TURN)
        square = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * side / 2
        if rng.random() < 0.5:
            square[:, 0] *= -1
        square += rng.uniform(-CORNERS, CORNERS, square.shape) * side
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        corners = square @ rotation.T + rng.uniform((0, 0), within)
        if (corners >= 0).all() and (corners <= np.array(within) - 1).all():
            return corners


if __name__ == "__main__":
    main()
