"""Held-out losses by batch norm's moving averages and by precise ones, and what those cost.

    python -m benchmarks.batch_norm_averages digits photographs mnist --data mnist=FOLDER

One training a case gives all columns, since training reads no averages: after an epoch, the model
is evaluated with Keras's moving averages; with the same, corrected for their start as Adam's are;
and with averages taken anew over 128, 512, 2048 and all training images. `--recipe fast` does the
same under that recipe.

photographs: 304 pieces of the two photographs that come with scikit-learn, at 64x64.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vaekit.startup import select_backend

select_backend(None)

import keras  # noqa: E402
import numpy as np  # noqa: E402

import vaekit  # noqa: E402
from vaekit.config import TrainConfig  # noqa: E402
from vaekit.data import split  # noqa: E402
from vaekit.engine import (  # noqa: E402
    MAX_STEPS,
    Blueprint,
    Evaluation,
    batches,
    compile_train,
    epoch_order,
)
from vaekit.engine.averages import PreciseAverages  # noqa: E402
from vaekit.model import resolve_parts  # noqa: E402
from vaekit.plugins import discover  # noqa: E402
from vaekit.types import Dataset, Images  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "batch_norm" / "averages.json"
SAMPLES = (128, 512, 2048, 10**9)
EPOCHS = (1, 2, 5)


def photographs() -> Dataset:
    """Pieces of 64 to 256 pixels, each brought to 64x64."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng(0)
    pixels = []
    for number in range(304):
        photograph = Image.fromarray(load_sample_images().images[number % 2])
        side = int(rng.integers(64, 257))
        left, top = (int(rng.integers(0, length - side + 1)) for length in photograph.size)
        piece = photograph.crop((left, top, left + side, top + side))
        pixels.append(np.asarray(piece.resize((64, 64), Image.Resampling.LANCZOS)))
    return Dataset("photographs", Images(np.stack(pixels)))


def splits(dataset: Dataset) -> tuple[Any, Any]:
    """Training and held-out pixels, as a run with seed 0 has them."""
    if dataset.test is not None:
        return dataset.train.pixels, dataset.test.pixels
    train, held_out = split(dataset, share=0.1, seed=0)
    return train.pixels, held_out.pixels


def measured(dataset: Dataset, recipe: str) -> dict[str, Any]:
    """The table of one case."""
    train_images, held_out = splits(dataset)
    config = TrainConfig(recipe=recipe)
    parts = resolve_parts(config, discover().registry)
    shape = tuple(train_images.shape[1:])
    program = Blueprint(config, parts, shape, len(train_images)).program()
    train, evaluate = compile_train(program, train_images), Evaluation(program, held_out)
    precise = {
        most: PreciseAverages(program, train_images, config.batch_size, 0, most=most)
        for most in SAMPLES
        if most <= len(train_images) or most == SAMPLES[-1]
    }
    for renew in precise.values():
        renewed(program, renew, evaluate)  # what is compiled at a first call is no cost of an epoch
    rows = []
    for epoch in range(min(max(EPOCHS), config.epochs)):
        began = time.perf_counter()
        sums = trained_epoch(train, config, epoch, len(train_images))
        seconds = time.perf_counter() - began
        if epoch + 1 not in (*EPOCHS, config.epochs):
            continue
        row: dict[str, Any] = {"epoch": epoch + 1, "epoch_s": round(seconds, 2)}
        row["train"] = round(program.columns.summary(sums, len(train_images))["loss"], 3)
        row["moving"] = round(evaluate()["loss"], 3)
        steps = (epoch + 1) * -(-len(train_images) // config.batch_size)
        row["corrected"], _ = renewed(program, partial(correct, program, steps), evaluate)
        for most, renew in precise.items():
            name = "all" if most == SAMPLES[-1] else str(most)
            row[name], row[f"{name}_s"] = renewed(program, renew, evaluate)
        rows.append(row)
        print(row, flush=True)
    return {
        "images": len(train_images),
        "shape": shape,
        "batch_size": config.batch_size,
        "recipe": recipe,
        "rows": rows,
    }


def trained_epoch(train: Any, config: TrainConfig, epoch: int, count: int) -> np.ndarray:
    """Do an epoch, and give the sum of its rows."""
    sums: Any = 0.0
    for block in batches(epoch_order(config.seed, epoch, count), config.batch_size):
        for at in range(0, len(block), MAX_STEPS):
            sums = sums + train(block[at : at + MAX_STEPS]).astype("float64").sum(axis=0)
    return sums


def renewed(program: Any, renew: Callable[[], None], evaluate: Evaluation) -> tuple[float, float]:
    """The held-out loss with other averages, and the seconds to get them; all is then as before."""
    before = [np.array(variable.numpy()) for variable in program.state]
    began = time.perf_counter()
    renew()
    seconds = time.perf_counter() - began
    loss = evaluate()["loss"]
    for variable, value in zip(program.state, before, strict=True):
        variable.assign(value)
    return round(loss, 3), round(seconds, 3)


def correct(program: Any, steps: int) -> None:
    """Take the start, 0 and 1, out of the moving averages: Kingma and Ba's bias correction."""
    for model in (program.vae.posterior, program.vae.decoder):
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                left = layer.momentum**steps
                layer.moving_mean.assign(layer.moving_mean / (1 - left))
                layer.moving_variance.assign((layer.moving_variance - left) / (1 - left))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--recipe", default="tutorial")
    parser.add_argument("--data", action="append", default=[], metavar="CASE=SOURCE")
    options = parser.parse_args()
    sources = dict(pair.split("=", 1) for pair in options.data)
    for case in options.cases:
        made = case == "photographs"
        dataset = photographs() if made else vaekit.load_data(sources.get(case, case))
        name = f"{case}, {options.recipe}"
        print(name, flush=True)
        table = {name: measured(dataset, options.recipe)}
        earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps({**earlier, **table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
