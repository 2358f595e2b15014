"""Speed and memory of the kit against plain PyTorch on large colour images with a map of latents,
with and without `--accumulate`, `--remat` and mixed precision; every case in a process of its own.

    python benchmarks/large_images.py --out result.json
    python benchmarks/large_images.py --backends tensorflow torch jax --sizes 128 --out result.json

Peaks are of resident memory (VmHWM), above what the process held before its first step: libraries,
weights and images not counted. Each case takes steps of a batch and then of twice it; from both
peaks come the bytes of an image, and from those, by extrapolation, the largest batch and the
largest square image that `--memory` holds. Nothing is run at that size.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WIDTHS = (32, 64, 64)  # of maps of a half, a quarter and an eighth of the image's sides
LATENTS = 4  # values at each place of the smallest map
RATE = 5e-4
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "accumulate 4": {"accumulate": 4},
    "remat": {"remat": True},
    "accumulate 4, remat": {"accumulate": 4, "remat": True},
    "mixed_bfloat16": {"precision": "mixed_bfloat16"},
}
BATCHES = {64: 32, 128: 16, 256: 8}
PLAIN_TORCH = "plain PyTorch"

Step = Callable[[int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(BATCHES), choices=BATCHES)
    parser.add_argument(
        "--backends", nargs="+", default=["tensorflow"], choices=["tensorflow", "torch", "jax"]
    )
    parser.add_argument("--options", nargs="+", default=list(OPTIONS), choices=OPTIONS)
    parser.add_argument("--steps", type=int, default=6, help="timed, after two that aren't")
    parser.add_argument("--memory", type=float, default=24.0, help="GiB that are to hold a batch")
    parser.add_argument("--note", default="", help="what else ran on the machine")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print("CASE " + json.dumps(measured(**json.loads(args.case))))
        return
    from vaekit.benchmark.results import heading, measurement, write_result

    cases = []
    for size in args.sizes:
        each = [(PLAIN_TORCH, "plain")]
        each += [(backend, name) for backend in args.backends for name in args.options]
        for who, name in each:
            cases.append(in_process(who, name, size, args.steps))
            print(line(cases[-1], args.memory), flush=True)
    result = {
        **heading("large_images"),
        "settings": {
            "memory_gib": args.memory,
            "fitting": "extrapolated from two batches",
            "note": args.note,
            "cores": os.cpu_count(),
        },
        "measurements": [
            measurement(f"{c['who']}, {c['options']}, {c['size']} px", "images/s", c["rates"])
            for c in cases
        ],
        "cases": [{**case, **fitting(case, args.memory)} for case in cases],
    }
    if args.out:
        write_result(result, args.out)


def in_process(who: str, options: str, size: int, steps: int) -> dict[str, Any]:
    """A case, measured in a process of its own."""
    case = {"who": who, "options": options, "size": size, "steps": steps}
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if who != PLAIN_TORCH:
        environment["KERAS_BACKEND"] = who
    done = subprocess.run(
        [sys.executable, __file__, "--case", json.dumps(case)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    (said,) = [x for x in done.stdout.splitlines() if x.startswith("CASE ")] or [""]
    if done.returncode or not said:
        raise SystemExit(f"{case} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(said.removeprefix("CASE "))
    return result


def measured(who: str, options: str, size: int, steps: int) -> dict[str, Any]:
    """Images a second of each step, and the peaks of a batch and of twice it, in bytes."""
    from vaekit.memory import forget_peak, peak_memory

    batch = BATCHES[size]
    step = plain_torch(size, 2 * batch) if who == PLAIN_TORCH else kit(size, 2 * batch, options)
    peaks, rates = [], []
    forget_peak()
    held = peak_memory()
    for count in (batch, 2 * batch):
        forget_peak()
        for number in range(2 + steps if count == batch else 2):
            began = time.perf_counter()
            step(count)
            if count == batch and number > 1:
                rates.append(batch / (time.perf_counter() - began))
        peaks.append(peak_memory() - held)
    return {
        **{"who": who, "options": options, "size": size, "batch": batch},
        **{"rates": rates, "peaks": peaks, "held": held},
    }


def fitting(case: dict[str, Any], gib: float) -> dict[str, int]:
    """The largest batch of these images, and the side of the largest square ones in this batch."""
    once, twice = case["peaks"]
    image = max(twice - once, 1) / case["batch"]
    room = gib * 2**30 - case["held"] - max(0.0, once - case["batch"] * image)
    side = case["size"] * math.sqrt(max(room, 0) / (case["batch"] * image))
    return {
        "image_bytes": int(image),
        "largest_batch": int(room / image),
        "largest_side": int(side),
    }


def line(case: dict[str, Any], gib: float) -> str:
    """A case for people."""
    fits = fitting(case, gib)
    return (
        f"{case['size']} px, batch {case['batch']}: {case['who']}, {case['options']}: "
        f"{np.median(case['rates']):.1f} images/s, peak {case['peaks'][0] / 2**20:.0f} MiB, "
        f"{fits['image_bytes'] / 2**20:.2f} MiB an image; {gib:g} GiB hold a batch of "
        f"{fits['largest_batch']}, or {case['batch']} images of {fits['largest_side']} px"
    )


def kit(size: int, most: int, options: str) -> Step:
    """The kit's training step, of this file's nets."""
    import keras

    import vaekit
    from vaekit.config import TrainConfig
    from vaekit.engine import Blueprint, compile_train
    from vaekit.model import resolve_parts
    from vaekit.plugins import discover

    def encoder(image_shape: tuple[int, int, int]) -> Any:
        images = x = keras.layers.Input(image_shape)
        for width in WIDTHS:
            x = convolved(keras.layers.Conv2D(width, 3, strides=2, padding="same"), x)
        return keras.Model(images, x)

    def decoder(latent_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> Any:
        latents = keras.layers.Input(latent_shape)
        x = convolved(keras.layers.Conv2D(WIDTHS[-1], 3, padding="same"), latents)
        for width in WIDTHS[::-1]:
            layer = keras.layers.Conv2DTranspose(width, 3, strides=2, padding="same")
            x = convolved(layer, x)
        images = keras.layers.Conv2D(image_shape[-1], 3, padding="same", activation="sigmoid")(x)
        return keras.Model(latents, images)

    def convolved(layer: Any, x: Any) -> Any:
        return keras.layers.LeakyReLU()(keras.layers.BatchNormalization()(layer(x)))

    vaekit.register_encoder("large", encoder)
    vaekit.register_decoder("large", decoder)
    config = TrainConfig(
        encoder="large",
        decoder="large",
        latent_dim=LATENTS,
        latent_opt={"grid": True},
        loss="elbo",
        learning_rate=RATE,
        **OPTIONS[options],
    )
    parts = resolve_parts(config, discover().registry)
    program = Blueprint(config, parts, (size, size, 3), dataset_size=most).program()
    train = compile_train(program, images_of(size, most))

    def step(count: int) -> None:
        train(np.arange(count, dtype="int32")[None])

    return step


def plain_torch(size: int, most: int) -> Step:
    """The same net by hand: channels last, eager, fused Adam."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def block(layer: nn.Module, width: int) -> list[nn.Module]:
        return [layer, nn.BatchNorm2d(width, eps=1e-3, momentum=0.01), nn.LeakyReLU(0.3)]

    down, up, channels = [], [], 3
    for width in WIDTHS:
        down += block(nn.Conv2d(channels, width, 3, stride=2, padding=1), width)
        channels = width
    mean, log_variance = (nn.Conv2d(channels, LATENTS, 1) for _ in range(2))
    up += block(nn.Conv2d(LATENTS, channels, 3, padding=1), channels)
    for width in WIDTHS[::-1]:
        layer = nn.ConvTranspose2d(channels, width, 3, stride=2, padding=1, output_padding=1)
        up += block(layer, width)
        channels = width
    up.append(nn.Conv2d(channels, 3, 3, padding=1))
    nets = nn.ModuleList([nn.Sequential(*down), mean, log_variance, nn.Sequential(*up)])
    nets = nets.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(nets.parameters(), RATE, eps=1e-7, fused=True)
    images = torch.from_numpy(images_of(size, most).transpose(0, 3, 1, 2).copy())

    def step(count: int) -> None:
        x = (images[:count].float() / 255).to(memory_format=torch.channels_last)
        features = nets[0](x)
        mu, spread = nets[1](features), nets[2](features)
        logits = nets[3](mu + torch.exp(0.5 * spread) * torch.randn_like(mu))
        entropy = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * (mu**2 + spread.exp() - 1 - spread).sum()
        optimizer.zero_grad(set_to_none=True)
        ((entropy + kl) / count).backward()
        optimizer.step()

    return step


def images_of(size: int, count: int) -> np.ndarray:
    """Noise, `(N, size, size, 3)`, uint8: neither speed nor memory goes by what is seen."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype="uint8")


if __name__ == "__main__":
    main()
