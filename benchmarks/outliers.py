"""Outliers: false alarms over random splits, and how well scores tell one source from another.

    python benchmarks/outliers.py --data fashion_mnist --against mnist --out FILE
    python benchmarks/outliers.py --out benchmarks/results/outliers/mnist_sample_shapes.json

A model of each source, a dense net of one hidden layer that learns by the ELBO of grey pixels, is
shown the other's held-out images. With `--data A --against B`, `A -> B` is a model of A that has to
find B.

False alarms: the held-out images of the model's own source are split at random, `--splits` times,
into calibration images and new ones; of the new ones, the share whose p-value is at most alpha. The
calibration images are the most, up to half, with which alpha can be kept exactly: (n + 1) alpha is
whole. AUROC: how probably an image of the other source has a larger score than one of its own; 0.5
is chance, and below that the other source looks the more normal. `regret` goes through `--images`
of each, the other scores through all.

Both sources are a registered name or a path; they are brought to `--image-size`, and grey.
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

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

import vaekit  # noqa: E402
from vaekit.benchmark.results import data_name, heading, write_result  # noqa: E402
from vaekit.outliers import p_values  # noqa: E402
from vaekit.run import describe_environment  # noqa: E402

SCORES: dict[str, dict[str, Any]] = {
    "elbo": {},
    "regret": {},
    "reconstruction": {},
    "latent": {},
}
HIDDEN = 128


def encoder(image_shape: tuple[int, int, int]) -> keras.Model:
    images = layers.Input(image_shape)
    hidden = layers.Dense(HIDDEN, activation="relu")(layers.Flatten()(images))
    return keras.Model(images, hidden)


def decoder(latent_dim: int, image_shape: tuple[int, int, int]) -> keras.Model:
    z = layers.Input((latent_dim,))
    hidden = layers.Dense(HIDDEN, activation="relu")(z)
    pixels = layers.Dense(int(np.prod(image_shape)), activation="sigmoid")(hidden)
    return keras.Model(z, layers.Reshape(image_shape)(pixels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="mnist-sample")
    parser.add_argument("--against", default="shapes")
    parser.add_argument("--image-size", type=int, default=28)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--latent-dim", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=400, help="of each source, for regret")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    vaekit.register_encoder("bench-dense", encoder)
    vaekit.register_decoder("bench-dense", decoder)
    began = time.perf_counter()
    sources = {
        name: vaekit.load_data(name, image_size=args.image_size, gray=True)
        for name in (args.data, args.against)
    }
    rows = []
    for own, other in ((args.data, args.against), (args.against, args.data)):
        for seed in range(args.seeds):
            rows += [
                {"own": data_name(own), "other": data_name(other), "seed": seed, **row}
                for row in of_one_model(sources[own], sources[other], seed, args)
            ]
    summary = summarise(rows)
    for line in summary:
        print(text_of(line))
    if args.out:
        settings = {k: v for k, v in vars(args).items() if k != "out"} | {"hidden": HIDDEN}
        settings |= {"data": data_name(args.data), "against": data_name(args.against)}
        seconds = round(time.perf_counter() - began, 1)
        result = {**heading("outliers"), **describe_environment(), "settings": settings}
        write_result({**result, "seconds": seconds, "summary": summary, "runs": rows}, args.out)


def of_one_model(
    own: vaekit.Dataset, other: vaekit.Dataset, seed: int, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """A row for each score, of a model that is trained by this seed."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        run = vaekit.train(
            "bench-dense",
            "bench-dense",
            "elbo",
            own,
            latent_dim=args.latent_dim,
            epochs=args.epochs,
            batch_size=100,
            learning_rate=2e-3,
            seed=seed,
            figures=False,
            progress=False,
            out=Path(folder, "run"),
        )
        held, strange = held_out(own), held_out(other)
        for score, options in SCORES.items():
            few = args.images if score == "regret" else None
            began = time.perf_counter()
            normal = run.calibrate(
                held[:few],
                score,
                options=options,
                alpha=args.alpha,
                trained_on=own,
                leave_out_trained=True,  # small pictures that are drawn come twice by chance
            ).scores
            told = run.outliers(strange[:few], alpha=args.alpha, score=score)
            seconds = time.perf_counter() - began
            shares = false_alarms(normal, args.alpha, args.splits, seed)
            rows.append(
                {
                    "score": score,
                    "false_alarms": float(np.mean(shares)),
                    "false_alarms_sd": float(np.std(shares, ddof=1)),
                    "auroc": auroc(normal, told.score),
                    "caught": float(told.outlier.mean()),
                    "ms_an_image": round(1e3 * seconds / (len(normal) + len(told.score)), 3),
                    "images": len(normal),
                    "elbo": run.history[-1]["val_elbo"],
                }
            )
            print(rows[-1], flush=True)
    return rows


def held_out(data: vaekit.Dataset) -> np.ndarray:
    """The test set."""
    if data.test is None:
        raise SystemExit(f"{data.source} has no test set; take a source that has one.")
    return np.asarray(data.test.pixels[:])


def false_alarms(scores: np.ndarray, alpha: float, splits: int, seed: int) -> list[float]:
    """The share of new normal images that are outliers, of each split."""
    rng = np.random.default_rng(seed)
    count = int((len(scores) // 2 + 1) * alpha) / alpha - 1
    calibration = round(count)
    if calibration < 1:
        raise SystemExit(f"{len(scores)} images are too few for alpha {alpha}.")
    shares = []
    for _ in range(splits):
        order = rng.permutation(scores)
        values = p_values(order[:calibration], order[calibration:])
        shares.append(float(np.mean(values <= alpha)))
    return shares


def auroc(normal: np.ndarray, strange: np.ndarray) -> float:
    """P(strange > normal), ties counting by half: Mann and Whitney's U."""
    normal = np.sort(normal)
    below = np.searchsorted(normal, strange, "left") + np.searchsorted(normal, strange, "right")
    return float(np.mean(below) / (2 * len(normal)))


def summarise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and standard deviation over seeds, of each direction and score."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["own"], row["other"], row["score"]), []).append(row)
    lines = []
    for (own, other, score), group in groups.items():
        line: dict[str, Any] = {"own": own, "other": other, "score": score, "seeds": len(group)}
        for name in ("false_alarms", "auroc", "caught", "ms_an_image"):
            values = [row[name] for row in group]
            line[name] = statistics.mean(values)
            line[f"{name}_sd_of_seeds"] = statistics.stdev(values) if len(values) > 1 else None
        lines.append(line)
    return lines


def text_of(line: dict[str, Any]) -> str:
    spread = line["auroc_sd_of_seeds"]
    return (
        f"{line['own']} -> {line['other']}, {line['score']}: false alarms "
        f"{line['false_alarms']:.2%}, AUROC {line['auroc']:.3f}"
        + (f" (sd {spread:.3f})" if spread is not None else "")
        + f", caught {line['caught']:.1%}"
    )


if __name__ == "__main__":
    main()
