"""vaekit against what a user might take instead, in one run and in turn: A B A B.

    python benchmarks/bench_peers.py --batch-sizes 32,128 --out peers.json

Every peer trains the tutorial's nets from equal weights on equal images, in a process of its own
that stands still while another works. For each pair of turns the ratio of the two speeds is
taken; the median of the ratios and their range are what counts.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
from peers.interface import PRECISIONS, Refused
from peers.registry import KIT, PEERS
from peers.turns import Failed, Process

from vaekit.benchmark.results import Result, data_name, heading, measurement, write_result
from vaekit.errors import UserError, VaekitError

IMAGES = 60_000
OTHERS = tuple(name for name in PEERS if name != KIT)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--peer", "names", type=click.Choice(OTHERS), multiple=True, help="Default: all that can be."
)
@click.option("--batch-sizes", default="32,128", show_default=True, help="Images a step.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
@click.option(
    "--backend",
    type=click.Choice(("tensorflow", "jax", "torch")),
    default="tensorflow",
    show_default=True,
    help="Of Keras, for the kit and for the peers that are written in Keras.",
)
@click.option("--data", help="A data source of 28x28 grey images. Default: noise.")
@click.option("--pairs", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", type=float, default=5.0, show_default=True, help="About, a turn.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the first weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to write.")
def main(names: tuple[str, ...], batch_sizes: str, data: str | None, out: Path, **how: Any) -> None:
    """Measure training among peers."""
    try:
        result = measured(names, _sizes(batch_sizes), data, **how)
        write_result(result, out)
    except VaekitError as error:
        raise SystemExit(_told(str(error), error.exit_code)) from None
    except Refused as error:
        raise SystemExit(_told(str(error), 2)) from None
    except Failed as error:
        raise SystemExit(_told(str(error), 1)) from None
    click.echo(f"Written to {out}.")


def measured(
    names: tuple[str, ...],
    batch_sizes: list[int],
    data: str | None,
    *,
    precision: str,
    backend: str,
    pairs: int,
    seconds: float,
    seed: int,
) -> Result:
    """The result: a row for each peer at each batch size.

    A peer that was asked for by name and can't be measured raises `Refused`; of the others it is
    noted why they were left out.
    """
    pixels = _pixels(data)
    if max(batch_sizes) > len(pixels):
        raise UserError(f"A batch of {max(batch_sizes)} is more than the {len(pixels)} images.")
    left_out: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        images = str(Path(folder) / "images.npy")
        np.save(images, pixels)
        for size in batch_sizes:
            job = {
                "images": images,
                "batch_size": size,
                "precision": precision,
                "seed": seed,
                "backend": backend,
            }
            kit = Process(KIT, **job)
            try:
                environment = kit.ask("environment")
                for name in names or [n for n in OTHERS if n not in left_out]:
                    try:
                        rows.append(_against(kit, name, job, len(pixels), seconds, pairs))
                    except Refused as reason:
                        if names:
                            raise
                        left_out[name] = str(reason)
                        click.echo(f"{name}: left out. {reason}")
                    else:
                        click.echo(_line(rows[-1]))
            finally:
                kit.close()
    return {
        **heading("peers"),
        **environment,
        "subject": {
            "encoder": "conv5",
            "decoder": "deconv4",
            "loss": "tutorial",
            "image_shape": [28, 28, 1],
            "data": data_name(data),
            "precision": precision,
        },
        "settings": {"seconds": seconds, "pairs": pairs, "seed": seed},
        "left_out": left_out,
        "measurements": rows,
    }


def _against(
    kit: Process, name: str, job: dict[str, Any], images: int, seconds: float, pairs: int
) -> dict[str, Any]:
    """The kit and one peer in turn; the row is the peer's, with the kit's figures in it."""
    peer = Process(name, **job)
    try:
        size = job["batch_size"]
        both = (kit, peer)
        steps = [process.filling(seconds, images // size) for process in both]
        rates: list[list[float]] = [[], []]
        for _ in range(pairs):
            for process, count, seen in zip(both, steps, rates, strict=True):
                seen.append(process.rate(count) * size)
    finally:
        peer.close()
    ratios = [ours / theirs for ours, theirs in zip(*rates, strict=True)]
    return measurement(
        "training",
        "images/s",
        rates[1],
        peer=name,
        title=PEERS[name].title,
        batch_size=size,
        prepared=peer.prepared,
        kit={"median": statistics.median(rates[0]), "values": rates[0], "prepared": kit.prepared},
        ratio={
            "median": statistics.median(ratios),
            "lowest": min(ratios),
            "highest": max(ratios),
            "values": ratios,
        },
    )


def _pixels(data: str | None) -> np.ndarray:
    if data is None:
        return np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28, 1), dtype="uint8")
    from vaekit import load_data

    pixels = load_data(data).train.pixels
    if pixels.shape[1:] != (28, 28, 1) or pixels.dtype != np.uint8:
        raise UserError(
            f"The peers train on 28x28 grey images of 8 bits; those of {data} are "
            f"{'x'.join(map(str, pixels.shape[1:]))}, {pixels.dtype}."
        )
    return pixels


def _sizes(text: str) -> list[int]:
    if not all(size.isdigit() and int(size) for size in text.split(",")):
        raise UserError(f"--batch-sizes takes numbers like 32,128, not {text!r}.")
    return sorted({int(size) for size in text.split(",")})


def _line(row: dict[str, Any]) -> str:
    ratio = row["ratio"]
    return (
        f"{row['peer']:<20} batch {row['batch_size']:>5}  {row['median']:>10,.1f} images/s, "
        f"vaekit {row['kit']['median']:>10,.1f}: {ratio['median']:.2f} x "
        f"({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
    )


def _told(sentence: str, code: int) -> int:
    click.echo(f"bench_peers: {sentence}", err=True)
    return code


if __name__ == "__main__":
    main()
