"""vaekit against what a user might take instead, in one run and in turn: A B A B.

    python benchmarks/bench_peers.py --batch-sizes 32,128 --out peers.json

Every peer trains the tutorial's nets from equal weights on equal images, in a process of its own
that stands still while another works. For each pair of turns the ratio of the two speeds is
taken; the median of the ratios and their range are what counts.

The result is written anew after every peer, so whatever ends the run loses only what was being
measured. A peer that breaks off is left out with its reason; the others are measured all the same.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from peers.interface import PRECISIONS, Refused
from peers.registry import KIT, PEERS
from peers.turns import Failed, Process, refuse

from vaekit.benchmark.results import (
    Result,
    data_name,
    heading,
    measurement,
    refuse_unwritable,
    write_result,
)
from vaekit.cli.values import BATCH_SIZES, SECONDS
from vaekit.errors import UserError, VaekitError

IMAGES = 60_000
OTHERS = tuple(name for name in PEERS if name != KIT)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--peer", "names", type=click.Choice(OTHERS), multiple=True, help="Default: all that can be."
)
@click.option(
    "--batch-sizes", type=BATCH_SIZES, default="32,128", show_default=True, help="Images a step."
)
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
@click.option(
    "--seconds",
    type=SECONDS,
    default=5.0,
    show_default=True,
    help="About, a turn.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the first weights."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to write.")
def main(
    names: tuple[str, ...], batch_sizes: tuple[int, ...], data: str | None, out: Path, **how: Any
) -> None:
    """Measure training among peers."""
    try:
        refuse_unwritable(out)
        names = tuple(dict.fromkeys(names))
        result = measured(
            names, batch_sizes, data, keep=lambda rows: write_result(rows, out), **how
        )
    except VaekitError as error:
        raise SystemExit(_exit_code(str(error), error.exit_code)) from None
    except Refused as error:
        raise SystemExit(_exit_code(str(error), 2)) from None
    left_out = result["left_out"]
    if not result["measurements"]:
        raise SystemExit(_exit_code(f"Nothing could be measured. {' '.join(left_out.values())}", 1))
    click.echo(f"Written to {out}.")
    # A peer that nobody asked for may be left out; the kit, and one that somebody did, may not.
    lost = [why for who, why in left_out.items() if who in names or who not in OTHERS]
    if lost:
        raise SystemExit(_exit_code(" ".join(lost), 1))


def measured(
    names: tuple[str, ...],
    batch_sizes: tuple[int, ...],
    data: str | None,
    *,
    keep: Callable[[Result], None],
    precision: str,
    backend: str,
    pairs: int,
    seconds: float,
    seed: int,
) -> Result:
    """The result: a row for each peer at each batch size, and of the rest why they were left out.

    keep: given the result so far, after each row.

    Raises `Refused`, before anything is measured, if a peer that was asked for by name can't be
    had, and whenever the kit itself refuses.
    """
    pixels = _pixels(data)
    if max(batch_sizes) > len(pixels):
        raise UserError(f"A batch of {max(batch_sizes)} is more than the {len(pixels)} images.")
    _refuse_missing(names, precision, backend)
    left_out: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    result = {
        **heading("peers"),
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
            _in_turn([n for n in names or OTHERS if n not in left_out], job, result, keep)
    if rows:
        keep(result)
    return result


def _in_turn(
    names: list[str], job: dict[str, Any], result: Result, keep: Callable[[Result], None]
) -> None:
    """Measure each of these peers with the kit at one batch size, and note what came of it."""
    rows, left_out = result["measurements"], result["left_out"]
    images = len(np.load(job["images"], mmap_mode="r"))
    seconds, pairs = result["settings"]["seconds"], result["settings"]["pairs"]
    kit = None
    try:
        for name in names:
            try:
                if kit is None:
                    kit = Process(KIT, **job)
                    result.update(kit.ask("environment"))
                rows.append(_against(kit, name, job, images, seconds, pairs))
            except Refused as reason:
                if kit is None:
                    raise
                lost, why = name, str(reason)
            except Failed as reason:
                # The kit's own end says nothing of this peer, which is tried at larger batches too.
                lost = f"{KIT} beside {name}" if reason.name == KIT else name
                why = f"At batch {job['batch_size']}: {reason}"
            else:
                click.echo(_line(rows[-1]))
                keep(result)
                continue
            left_out.setdefault(lost, why)
            click.echo(f"Left out: {why}")
            if kit is None:
                return
            if lost not in PEERS:
                kit.close()
                kit = None  # the next peer gets a new one
    finally:
        if kit is not None:
            kit.close()


def _refuse_missing(names: tuple[str, ...], precision: str, backend: str) -> None:
    """Raise `Refused` for the first of these peers that can't be had, before an hour has passed."""
    for name in names:
        try:
            refuse(name, precision=precision, backend=backend)
        except Failed:  # it is told when it is measured, and keeps no other from it
            continue


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
            for process, count, measured in zip(both, steps, rates, strict=True):
                measured.append(process.rate(count) * size)
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


def _line(row: dict[str, Any]) -> str:
    ratio = row["ratio"]
    return (
        f"{row['peer']:<20} batch {row['batch_size']:>5}  {row['median']:>10,.1f} images/s, "
        f"vaekit {row['kit']['median']:>10,.1f}: {ratio['median']:.2f} x "
        f"({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
    )


def _exit_code(sentence: str, code: int) -> int:
    """The code to end with, once the reason is printed."""
    click.echo(f"bench_peers: {sentence}", err=True)
    return code


if __name__ == "__main__":
    main()
