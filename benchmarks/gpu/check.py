"""Before anything is timed, check that the device computes what the processor does.

The kit takes its first steps from equal weights with equal draws on both, in float32 at the
highest precision of products; every loss must agree, and they must fall.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

STEPS = 20
SAME = 1e-4  # relative, between devices

_LOSSES = """
import json, sys
sys.path.insert(0, {here!r})
from peers.kit import Peer
from peers.interface import Job
from peers.nets import draw_weights
import numpy as np
images = np.random.default_rng(0).integers(0, 256, (1024, 28, 28, 1), dtype="uint8")
peer = Peer(Job(images, 32, "float32", draw_weights(0), "jax"))
losses = [peer.steps(1).loss for _ in range({steps})]
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
import jax
print(json.dumps({{"device": str(jax.devices()[0]), "losses": losses}}))
"""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(out: Path) -> None:
    """Compare, write what was found, and end with 1 if it doesn't agree."""
    device, processor = _losses({}), _losses({"JAX_PLATFORMS": "cpu"})
    pairs = zip(device["losses"], processor["losses"], strict=True)
    apart = max(abs(a - b) / abs(b) for a, b in pairs)
    result = {"device": device, "processor": processor, "largest_relative_difference": apart}
    out.write_text(json.dumps(result, indent=2) + "\n")
    click.echo(f"{device['device']} against {processor['device']}: losses within {apart:.1e}")
    falls = device["losses"][-1] < device["losses"][0]
    if apart > SAME or not falls:
        raise SystemExit(f"check: the losses of the first {STEPS} steps don't agree or don't fall.")


def _losses(more: dict[str, str]) -> Any:
    here = str(Path(__file__).parent.parent)
    environment = {**os.environ, "JAX_DEFAULT_MATMUL_PRECISION": "highest", **more}
    code = _LOSSES.format(here=here, steps=STEPS)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"check: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
