"""Before anything is timed, check that there is a GPU, and that it computes what a processor does.

The kit takes its first steps from equal weights with equal draws on both, in float32 at the
highest precision of products; every loss must agree, and they must fall. PyTorch must see the GPU
too, where it is installed. CHECK_ON_CPU=1 rehearses it all where there is no GPU.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from packaging.requirements import Requirement

from vaekit.benchmark.results import refuse_unwritable, write_result
from vaekit.errors import VaekitError, why_ended

STEPS = 20
# How far losses may be apart at the first step, the second, and any, relative to the processor's.
# Leaky ReLU's kinks and Adam's division make much of little. Measured on one processor, JAX 0.10:
# - first weights moved by 6e-8, which is rounding, move the losses by 2e-7 at the first step, 1e-7
#   at the second and 3e-3 within 20, the most of three tries;
# - a gradient that is zero in one kernel of the decoder moves them by 6e-3 to 1e-1 at the second
#   step and by 6e-2 to 8e-1 within 20; in the kernel of a head of the encoder by 3e-3 and 1e-2.
# In the encoder's first two kernels it moves them no further than rounding: that is not seen here.
SAME = {"first": 1e-5, "second": 1e-3, "any": 2e-2}
_STEPS_OF = {"first": "step 1", "second": "step 2", "any": f"one of {STEPS} steps"}

# The other backend, and what reads images that don't fit: neither is measured here.
_UNUSED = ("tensorflow", "grain")

_GPU_OF_JAX = """
import json, jax
device = jax.devices()[0]
print(json.dumps({"platform": device.platform, "model": device.device_kind}))
"""
_GPU_OF_TORCH = """
import json, torch
print(json.dumps({"version": torch.__version__, "cuda": torch.cuda.is_available()}))
"""
_LOSSES = """
import json, sys
sys.path.insert(0, {benchmarks!r})
from peers.kit import Peer
from peers.interface import Job
from peers.nets import draw_weights
import numpy as np
images = np.random.default_rng(0).integers(0, 256, (1024, 28, 28, 1), dtype="uint8")
peer = Peer(Job(images, 32, "float32", draw_weights(0), "jax"))
losses = [peer.steps(1).loss for _ in range({steps})]
import jax
print(json.dumps({{"device": str(jax.devices()[0]), "losses": losses}}))
"""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(out: Path) -> None:
    """Compare, write what was found, and end with 1 if it doesn't agree."""
    try:
        refuse_unwritable(out)
        refuse_missing()
        gpus = _gpus(rehearsal=os.environ.get("CHECK_ON_CPU") == "1")
        result = {**gpus, **compared(_losses({}), _losses({"JAX_PLATFORMS": "cpu"}))}
        write_result(result, out)
        click.echo(
            f"{result['device']['device']} against {result['processor']['device']}: losses "
            f"{result['largest_differences']['first']:.1e} apart at the first step, at most "
            f"{result['largest_differences']['any']:.1e} within {STEPS}."
        )
        refuse_wrong(result)
    except VaekitError as error:
        click.echo(f"check: {error}", err=True)
        raise SystemExit(error.exit_code) from None


def refuse_missing() -> None:
    """Raise `VaekitError` if a package that the kit needs isn't here, or is of another version.

    Else it would be missed where it is first used, minutes later.
    """
    lacking = []
    for text in importlib.metadata.requires("vaekit") or []:
        needed = Requirement(text)
        if needed.name in _UNUSED or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        try:
            version = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            lacking.append(f"{needed.name} isn't here")
            continue
        if not needed.specifier.contains(version, prereleases=True):
            lacking.append(f"{needed.name} is {version}, not {needed.specifier}")
    if lacking:
        raise VaekitError(
            f"{'; '.join(lacking)}. Add what lacks to benchmarks/gpu/packages.txt, and run "
            "prepare.sh again."
        )


def compared(device: dict[str, Any], processor: dict[str, Any]) -> dict[str, Any]:
    """Both sides' losses, and how far apart they are at each step, relative to the processor's."""
    pairs = zip(device["losses"], processor["losses"], strict=True)
    apart = [abs(a - b) / abs(b) for a, b in pairs]
    return {
        "device": device,
        "processor": processor,
        "differences": apart,
        "largest_differences": {
            "first": apart[0],
            "second": apart[1],
            # `max` alone passes over a NaN that isn't the first.
            "any": next((one for one in apart if math.isnan(one)), max(apart)),
        },
        "allowed": SAME,
    }


def refuse_wrong(result: dict[str, Any]) -> None:
    """Raise `VaekitError` if the losses don't agree or don't fall."""
    for step, apart in result["largest_differences"].items():
        if not apart <= SAME[step]:  # so that a NaN is refused, too
            raise VaekitError(
                f"The losses of {_STEPS_OF[step]} are {apart:.1e} apart, and "
                f"{SAME[step]:.0e} is allowed: JAX computes something else on "
                f"{result['device']['device']} than on the processor."
            )
    losses = result["device"]["losses"]
    if not losses[-1] < losses[0]:
        raise VaekitError(
            f"The loss doesn't fall in {STEPS} steps: it goes from {losses[0]:.1f} to "
            f"{losses[-1]:.1f}."
        )


def _gpus(*, rehearsal: bool) -> dict[str, Any]:
    """What JAX and PyTorch compute on. Raises `VaekitError` if it is no GPU, but in a rehearsal."""
    jax = _last_output(_GPU_OF_JAX, {})
    # Not imported here: a process that asks a GPU keeps some of its memory.
    torch = _last_output(_GPU_OF_TORCH, {}) if importlib.util.find_spec("torch") else None
    if torch is None:
        click.echo("PyTorch is not installed: the peers that need it will be left out.")
    if not rehearsal:
        remedy = "Run this where there is a GPU, or set CHECK_ON_CPU=1 to rehearse it."
        if jax["platform"] == "cpu":
            raise VaekitError(f"JAX sees no GPU here, only a processor. {remedy}")
        if torch is not None and not torch["cuda"]:
            raise VaekitError(f"PyTorch {torch['version']} sees no GPU here. {remedy}")
    return {"jax": jax, "torch": torch, "rehearsal": rehearsal}


def _losses(more: dict[str, str]) -> Any:
    benchmarks = str(Path(__file__).parent.parent)
    exact = {"JAX_DEFAULT_MATMUL_PRECISION": "highest", **more}
    return _last_output(_LOSSES.format(benchmarks=benchmarks, steps=STEPS), exact)


def _last_output(code: str, more: dict[str, str]) -> Any:
    """What a process of its own prints last. Raises `VaekitError` if it fails."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", **more}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    if child.returncode or not child.stdout.strip():
        reason = why_ended(child.returncode, child.stderr)
        raise VaekitError(f"A process that was to look at the device failed: {reason}")
    return json.loads(child.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
