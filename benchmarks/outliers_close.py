"""Outliers that are close to what is normal: a digit that is left out, and digits that are dimmer.

    python benchmarks/outliers_close.py --out benchmarks/results/outliers/close.json

As `benchmarks/outliers.py` has it, where a model of digits has to find images of another sort. Here
they are digits, too, of the test set: a model of nine has to find the tenth, `--digit`, and a model
of all has to find digits at `--brightness` of their own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from outliers import HIDDEN, decoder, encoder, of_one_model, summarise, text_of

import vaekit
from vaekit.benchmark.results import heading, write_result
from vaekit.data import take
from vaekit.pixels import as_floats
from vaekit.run import describe_environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--digit", type=int, default=1)
    parser.add_argument("--brightness", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--latent-dim", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=200, help="of each sort, for regret")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    vaekit.register_encoder("bench-dense", encoder)
    vaekit.register_decoder("bench-dense", decoder)
    began = time.perf_counter()
    digits = vaekit.load_data("mnist-sample", image_size=28)
    pairs = {
        ("the other digits", f"the digit {args.digit}"): (
            chosen(digits, lambda labels: labels != args.digit),
            chosen(digits, lambda labels: labels == args.digit),
        ),
        ("digits", f"digits at {args.brightness:g} of their brightness"): (
            digits,
            dimmed(digits, args.brightness),
        ),
    }
    rows = [
        {"own": own, "other": other, "seed": seed, **row}
        for (own, other), (normal, strange) in pairs.items()
        for seed in range(args.seeds)
        for row in of_one_model(normal, strange, seed, args)
    ]
    summary = summarise(rows)
    for line in summary:
        print(text_of(line))
    if args.out:
        settings = {k: v for k, v in vars(args).items() if k != "out"} | {"hidden": HIDDEN}
        seconds = round(time.perf_counter() - began, 1)
        result = {**heading("outliers_close"), **describe_environment(), "settings": settings}
        write_result({**result, "seconds": seconds, "summary": summary, "runs": rows}, args.out)


def chosen(digits: vaekit.Dataset, which: Callable[[np.ndarray], np.ndarray]) -> vaekit.Dataset:
    """The digits of some labels."""
    train, test = (
        take(images, np.flatnonzero(which(images.labels))) for images in (digits.train, digits.test)
    )
    return digits._replace(train=train, test=test)


def dimmed(digits: vaekit.Dataset, brightness: float) -> vaekit.Dataset:
    """The test images, darker."""
    pixels = as_floats(digits.test.pixels[:]) * brightness
    return digits._replace(test=digits.test._replace(pixels=pixels))


if __name__ == "__main__":
    main()
