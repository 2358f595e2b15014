"""Each format and part of exported runs: difference to Keras, size, and time beside `predict`.

    python -m benchmarks.exports --out benchmarks/results/exports/cpu.json

Nets are trained on 2,000 images for three epochs, so that differences are those of images that
look like some, and each score that the latent has is calibrated on 100 images. A row is a
part in a format: the largest difference of its outputs and the one allowed, bytes, and the median
of milliseconds a call at batches of 1 and 256, in the runtime and by Keras's `predict`. What the
export refuses is a row with the reason. `load` is how busy the machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from vaekit.startup import select_backend

select_backend(None)

import numpy as np  # noqa: E402

import vaekit  # noqa: E402
from vaekit.benchmark.device import device_model  # noqa: E402
from vaekit.export import FORMATS  # noqa: E402
from vaekit.export.parts import PARTS  # noqa: E402
from vaekit.outliers import SCORES  # noqa: E402
from vaekit.run.environment import describe_environment  # noqa: E402
from vaekit.startup.quiet import retracing_unsaid  # noqa: E402

QUANTIZERS = Path(__file__).parents[1] / "plugins" / "vaekit-quantizers" / "src"
BATCHES = (1, 256)
TRAINING: dict[str, Any] = {
    **{"data": "mnist-sample", "limit": 2000, "epochs": 3, "batch_size": 32},
    **{"figures": False, "progress": False},
}
CASES: dict[str, dict[str, Any]] = {
    "conv5/deconv4": {},
    "residual": {"encoder": "residual", "decoder": "residual"},
    "spatial": {"latent_opt": {"grid": True}},
    "vq": {"latent": "vq", "loss": "elbo"},
}


def milliseconds(call: Callable[[], Any], budget: float) -> float:
    """The median of calls within a budget of seconds, five at least, after two to warm up."""
    for _ in range(2):
        call()
    times: list[float] = []
    ends = time.perf_counter() + budget
    while len(times) < 5 or (time.perf_counter() < ends and len(times) < 200):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return round(median(times), 3)


def timed(run: vaekit.Run, name: str, form: Any, folder: Path, budget: float) -> dict[str, Any]:
    """How long a part takes in its runtime, and by Keras."""
    part = PARTS[name](run, run.held_out(limit=max(BATCHES)).images)
    call = form.open(folder / name)
    row: dict[str, Any] = {}
    for size in BATCHES:
        feeds = {key: np.ascontiguousarray(value[:size]) for key, value in part.inputs.items()}
        values = list(feeds.values())
        row[f"ms_{size}"] = milliseconds(partial(call, feeds), budget)
        predict = partial(part.model.predict, batch_size=max(BATCHES), verbose=0)
        by_keras = partial(predict, values if len(values) > 1 else values[0])
        row[f"keras_ms_{size}"] = milliseconds(by_keras, budget)
    return row


def calibrated(run: vaekit.Run) -> None:
    """Calibrate the scores that this latent has: whose lack is told by the export."""
    for score in SCORES:
        try:
            run.calibrate(score=score, limit=100)
        except vaekit.UserError as error:
            print(f"{score}: {error}", flush=True)


def rows_of(run: vaekit.Run, case: str, budget: float) -> Iterator[dict[str, Any]]:
    """All parts of a run, in every format and precision."""
    for form in FORMATS.values():
        for quantize in (None, *form.quantizations):
            for name in PARTS:
                row = {
                    **{"case": case, "format": form.name, "precision": quantize or "float32"},
                    "part": name,
                }
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        exported = run.export(form.name, name, quantize=quantize, out=folder)
                    except vaekit.UserError as error:
                        yield {**row, "refused": str(error)}
                        continue
                    described = exported.description["parts"][name]
                    outputs = described["outputs"].values()
                    row["difference"] = max(each["largest_difference"] for each in outputs)
                    row["allowed"] = min(each["allowed_difference"] for each in outputs)
                    row["bytes"] = sum(file["size"] for file in described["files"].values())
                    with retracing_unsaid():
                        row |= timed(run, name, form, exported.path, budget)
                yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="Default: all.")
    parser.add_argument("--budget", type=float, default=0.5, help="Seconds to time a call for.")
    asked = parser.parse_args()
    sys.path.insert(0, str(QUANTIZERS))
    vaekit.load_plugin(QUANTIZERS / "vaekit_quantizers" / "__init__.py")
    rows: list[dict[str, Any]] = []
    load: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in asked.case or CASES:
            out = Path(folder, case.replace("/", "-"))
            run = vaekit.train(**TRAINING, **CASES[case], out=str(out))
            calibrated(run)
            for row in rows_of(run, case, asked.budget):
                print(row, flush=True)
                rows.append(row)
                load.append(os.getloadavg()[0])
            about = {
                **describe_environment(),
                **{"device": device_model(), "load": [min(load), max(load)], "rows": rows},
            }
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
