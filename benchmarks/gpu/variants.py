"""Training of what a run may be made of beside the tutorial's parts, on JAX, one after another.

    python benchmarks/gpu/variants.py --out variants.json

Latents, priors, conditions, maps, residual nets, augmentation, binarization and the recipe `fast`.
All are built before any is timed, so that one that can't be is told at once. One that fails later
keeps no other from being measured; all that failed are named at the end, and the exit status is 1.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import numpy as np

from vaekit.benchmark.results import (
    Result,
    heading,
    measurement,
    refuse_unwritable,
    write_result,
)
from vaekit.config import TrainConfig
from vaekit.errors import UserError, VaekitError

GREY, COLOUR = (28, 28, 1), (64, 64, 3)
_STEPS = 64  # batches of images
_CLASSES = 10

# Shapes of images, and fields of the config.
VARIANTS: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    "tutorial": (GREY, {}),
    "samples": (GREY, {"loss": "elbo", "loss_opt": {"samples": 8}}),
    "full-normal": (GREY, {"latent": "full-normal", "latent_dim": 16}),
    "mixture": (GREY, {"prior": "mixture"}),
    "vamp": (GREY, {"prior": "vamp"}),
    "condition": (GREY, {"condition": "labels", "prior": "mixture"}),
    "binarized": (GREY, {"loss": "elbo", "binarize": "dynamic"}),
    "fast": (GREY, {"recipe": "fast"}),
    "augmented": (GREY, {"augment": "shift,crop"}),
    "residual": (COLOUR, {"encoder": "residual", "decoder": "residual", "latent_dim": 64}),
    "residual-augmented": (
        COLOUR,
        {
            "encoder": "residual",
            "decoder": "residual",
            "latent_dim": 64,
            "augment": "flip,shift,crop,colour",
        },
    ),
    "maps": (
        COLOUR,
        {
            "encoder": "resnet-map",
            "decoder": "resnet-map",
            "latent_dim": 4,
            "latent_opt": {"grid": True},
        },
    ),
}


@click.command()
@click.option("--variant", "names", multiple=True, type=click.Choice(list(VARIANTS)))
@click.option("--precision", default="float32", show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=128, show_default=True)
@click.option("--seconds", type=float, default=2.0, show_default=True, help="A run.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(names: tuple[str, ...], out: Path, **asked: Any) -> None:
    """Measure them, or those that are named, and write what was found."""
    try:
        refuse_unwritable(out)
        result, failed = measured(names or tuple(VARIANTS), **asked)
        write_result(result, out)
        if failed:
            raise VaekitError(f"failed: {'; '.join(failed)}")
    except VaekitError as error:
        click.echo(f"variants: {error}", err=True)
        raise SystemExit(error.exit_code) from None


def measured(
    names: tuple[str, ...], *, precision: str, batch_size: int, seconds: float, runs: int
) -> tuple[Result, list[str]]:
    """The result of these variants, and of each that failed a sentence.

    Raises `UserError` for one that can't be built, before anything is timed.
    """
    from vaekit.startup import select_backend

    select_backend("jax")
    from vaekit.benchmark.device import device_model
    from vaekit.run import describe_environment

    subjects = {name: _built(name, precision, batch_size) for name in names}
    rows, failed = [], []
    for name, subject in subjects.items():
        try:
            rows.append(_row(name, subject, batch_size, seconds, runs))
        except Exception as error:  # whatever a compiler or a device has to say
            failed.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
            click.echo(failed[-1], err=True)
            continue
        click.echo(f"{rows[-1]['what']}: {rows[-1]['median']:,.0f} images/s")
    if not rows:
        raise VaekitError(f"Nothing could be measured. {'; '.join(failed)}")
    settings = {"precision": precision, "seconds": seconds, "runs": runs}
    return {
        **heading("variants"),
        **describe_environment(),
        "device_model": device_model(),
        "settings": settings,
        "left_out": failed,
        "measurements": rows,
    }, failed


def _built(name: str, precision: str, batch_size: int) -> Any:
    """A VAE of this variant, with its steps, not yet compiled."""
    from vaekit.benchmark.subject import Subject
    from vaekit.types import Dataset, Images

    shape, fields = VARIANTS[name]
    count = _STEPS * batch_size
    pixels = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype="uint8")
    images = Images(pixels, np.arange(count) % _CLASSES)
    held_out = Images(pixels[:batch_size], images.labels[:batch_size])
    try:
        config = TrainConfig.checked({"preset": "tutorial", "precision": precision, **fields})
        return Subject(config, [batch_size], Dataset("random images", images, held_out))
    except UserError as error:
        raise UserError(f"The variant {name!r} can't be built: {error}") from error


def _row(name: str, subject: Any, batch_size: int, seconds: float, runs: int) -> dict[str, Any]:
    """Images/s. Raises `VaekitError` if the loss isn't a number afterwards."""
    from vaekit.benchmark.timing import measure

    steps = subject.training(batch_size)
    timed = measure(steps, seconds=seconds, runs=runs)
    loss = steps(1)
    if not math.isfinite(loss):
        raise VaekitError(f"The loss is {loss} after its steps.")
    return measurement(
        f"training, {name}",
        "images/s",
        [rate * batch_size for rate in timed.rates],
        batch_size=batch_size,
        first_call_seconds=timed.first_call_seconds,
        warm_up_seconds=timed.warm_up_seconds,
        loss=loss,
    )


if __name__ == "__main__":
    main()
