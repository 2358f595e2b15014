"""What each preset makes of photographs: held-out PSNR by epoch, time, and pictures.

    python benchmarks/presets.py --size 64 --train 304 --test 100 --out few-64.json

Trains on the same folder of `benchmarks/photographs.py` once for each of `--presets`, with no other
option but those named, and writes what was chosen and how it went. Where a row of
`vaekit/presets/by_images.py` is to be changed, this is what the change is judged by.

With `--picture FILE.png`: rows of held-out images, of what each preset makes of them, and of its
samples. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from photographs import make
from PIL import Image

import vaekit
from vaekit.benchmark.results import heading, write_result

CHOSEN = ("encoder", "decoder", "loss", "latent_dim", "recipe", "batch_size", "learning_rate")
SHOWN = 12  # images a row
GAP = 2  # pixels between images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--train", type=int, default=4000, help="how many images")
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--presets", nargs="+", default=["tutorial", "auto"])
    parser.add_argument("--epochs", type=int, help="of each, instead of what it chooses")
    parser.add_argument("--limit", type=int, help="train on the first of the images only")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    named = {name: getattr(args, name) for name in ("epochs", "limit") if getattr(args, name)}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "photographs")
        make(data, args.size, {"train": args.train, "test": args.test})
        runs = {
            preset: vaekit.train(
                data=data, preset=preset, figures=False, out=Path(folder, preset), **named
            )
            for preset in args.presets
        }
        held_out = vaekit.load_data(str(data)).test.pixels
        if args.picture:
            rows = pictures(list(runs.values()), held_out)
            Image.fromarray(sheet(rows)).quantize(256).save(args.picture, optimize=True)
        described = [description(preset, run, held_out) for preset, run in runs.items()]
    from vaekit.run import describe_environment  # Keras would start aloud before the first run

    settings = {name: getattr(args, name) for name in ("size", "train", "test")}
    result = {
        **heading("presets"),
        **describe_environment(),
        "settings": {**settings, **named},
        "runs": described,
    }
    for run in described:
        print(f"{run['preset']}: {run['psnr']:.2f} dB after {run['epochs']} epochs")
    if args.out:
        write_result(result, args.out)


def description(preset: str, run: vaekit.Run, held_out: np.ndarray) -> dict[str, Any]:
    """What a preset chose, and how it went: PSNR in dB of reconstructions from draws of z."""
    config, rows = run.config, run.history
    mean = run.reconstruct(held_out)
    error = np.mean(np.square(mean - held_out / 255.0))
    return {
        "preset": preset,
        "row": run.record.chosen("preset"),
        **{name: getattr(config, name) for name in CHOSEN},
        "epochs": config.epochs,
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "psnr": rows[-1]["val_psnr"],
        "psnr_of_means": float(-10 * np.log10(error)),
        "psnr_by_epoch": [round(row["val_psnr"], 3) for row in rows],
        "kl": rows[-1]["val_kl"],
        "active_units": rows[-1]["val_active_units"],
    }


def pictures(runs: Sequence[vaekit.Run], held_out: np.ndarray) -> list[np.ndarray]:
    """Rows of images in [0, 1]: held-out ones, each run's reconstructions, each run's samples."""
    shown = held_out[:: max(1, len(held_out) // SHOWN)][:SHOWN]
    rebuilt = [run.reconstruct(shown) for run in runs]
    return [shown / 255.0, *rebuilt, *(run.sample(SHOWN, seed=0) for run in runs)]


def sheet(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of images as one, uint8, white between them."""
    padded = np.pad(
        np.stack(rows), ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=1.0
    )
    count, across, height, width, channels = padded.shape
    tiled = padded.transpose(0, 2, 1, 3, 4).reshape(count * height, across * width, channels)
    return np.rint(255 * np.clip(tiled, 0, 1)).astype("uint8")


if __name__ == "__main__":
    main()
