"""SVAE, IWAE and VampPrior against the standard VAE, under one protocol, with several seeds.

    pip install . -r plugins/all.txt
    python benchmarks/standard_vae.py --out benchmarks/results/standard_vae/mnist_sample.json

All of them are 784-256-128 perceptrons with `--latent-dim` values of z, trained with Adam at 1e-3
in batches of 64 on the kit's sample of MNIST, each pixel drawn once as black or white by its grey
value. What is compared is the log-likelihood of the held-out images in nats: the evidence lower
bound (one draw of z), and the importance-weighted bound of `--draws` draws (Burda et al.,
arXiv:1509.00519), which is closer to it. Do nothing else on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from vaekit.startup import select_backend

select_backend(None)

import numpy as np  # noqa: E402

import vaekit  # noqa: E402
from vaekit.benchmark.results import heading, write_result  # noqa: E402
from vaekit.run import describe_environment  # noqa: E402

MODELS: dict[str, dict[str, Any]] = {
    "standard VAE": {"loss": "elbo"},
    "SVAE": {"loss": "elbo", "latent": "von-mises-fisher"},
    "IWAE, 5 draws": {"loss": "iwae", "loss_opt": {"samples": 5}},
    "VampPrior, 500 inputs": {"loss": "elbo", "prior": "vamp", "prior_opt": {"inputs": 500}},
}
NETS = {
    "encoder": "mlp",
    "encoder_opt": {"units": [256, 128]},
    "decoder": "mlp",
    "decoder_opt": {"units": [128, 256]},
    "batch_size": 64,
    "learning_rate": 1e-3,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latent-dim", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    data = black_and_white()
    rows = []
    for seed in range(args.seeds):
        for name in args.models:
            rows.append({"model": name, "seed": seed, **trained(name, seed, data, args)})
            print(rows[-1], flush=True)
    for name in args.models:
        bounds = [row["importance_weighted"] for row in rows if row["model"] == name]
        elbos = [row["elbo"] for row in rows if row["model"] == name]
        print(f"{name}: elbo {spread(elbos)}, with {args.draws} draws {spread(bounds)}")
    if args.out:
        settings = {name: getattr(args, name) for name in ("latent_dim", "epochs", "draws")}
        result = {**heading("standard-vae"), **describe_environment(), "settings": settings}
        write_result({**result, "runs": rows}, args.out)


def black_and_white() -> vaekit.Dataset:
    """The sample of MNIST, each pixel 255 with the probability that its grey value is."""
    data = vaekit.load_data("mnist-sample")
    rng = np.random.default_rng(0)
    train, test = (
        images._replace(
            pixels=np.uint8(255) * (rng.random(images.pixels.shape) < images.pixels / 255.0)
        )
        for images in (data.train, data.test)
    )
    return vaekit.Dataset("black-and-white MNIST", train, test)


def trained(
    name: str, seed: int, data: vaekit.Dataset, args: argparse.Namespace
) -> dict[str, float]:
    """A model's bounds on the held-out images, in nats an image, and seconds of training."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = vaekit.train(
            data=data,
            latent_dim=args.latent_dim,
            epochs=args.epochs,
            seed=seed,
            figures=False,
            progress=False,
            out=Path(folder, "run"),
            **{**NETS, **MODELS[name]},
        )
        seconds = time.perf_counter() - began
        options = {"nll": {"samples": args.draws}}
        result = run.evaluate(data, metrics=["nll"], metric_options=options)
        nll = result["metrics"]["nll"]["nll"]
        return {
            "elbo": result["elbo"],
            "importance_weighted": -nll["value"],
            "standard_error": nll["error"],
            "seconds": round(seconds, 1),
        }


def spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} (sd {statistics.stdev(values):.2f})"


if __name__ == "__main__":
    main()
