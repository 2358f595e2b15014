"""What a user waits for before and after the steps, part by part, measured on whole processes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vaekit.benchmark.results import measurement
from vaekit.benchmark.subject import random_images
from vaekit.config import TrainConfig
from vaekit.config_files import write_config
from vaekit.errors import VaekitError, VaekitWarning, why_ended
from vaekit.plugins import discover
from vaekit.registry import LOCAL
from vaekit.run import RunDirectory
from vaekit.startup.bytecode import bytecode_remedy, bytecode_text, compiled_at_every_start

_STEPS = 32  # of the process that is timed whole
_OUTSIDE = ("Python and the command line", "all else", "the process's end")


class _Trained(NamedTuple):
    """A process that trained: seconds beside its steps, and of each part by clock and processor.

    What the processor did before the first part and after the last isn't known: it is None there.
    """

    beside: float
    parts: dict[str, tuple[float, float | None]]


def measure_startup(config: TrainConfig, batch_size: int, *, runs: int) -> list[dict[str, Any]]:
    """Seconds of `vaekit --help`, to the end of the first step, and of training beside its steps.

    Then of all parts of the same training, from the process's start to its end: together they are
    the whole of it, steps included.

    Raises `VaekitError` if one of the processes fails.
    """
    runs = min(runs, 3)
    uncompiled = compiled_at_every_start()
    if uncompiled:
        warnings.warn(
            f"Here {bytecode_text(uncompiled)}: what is measured is longer than where pip "
            f"installed them. This keeps it: {bytecode_remedy(uncompiled)}",
            VaekitWarning,
            stacklevel=2,
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = _prepared(config, batch_size, folder)
        first = [_first_step(config, folder) for _ in range(runs)]
        trained = [_trained(config, folder / f"run{number}") for number in range(runs)]
    how: dict[str, Any] = {"better": "lower", "batch_size": batch_size}
    helped = [_seconds("-m", "vaekit", "--help") for _ in range(max(3, runs))]
    return [
        measurement("vaekit --help", "s", helped, better="lower"),
        measurement("start to the end of the first step", "s", first, **how),
        measurement("vaekit train beside its steps", "s", [t.beside for t in trained], **how),
        *_parts(trained, how),
    ]


def _parts(trained: Sequence[_Trained], how: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A measurement for each part that all processes had, in order."""
    rows = []
    for name in trained[0].parts:
        both = [process.parts[name] for process in trained if name in process.parts]
        processor = [seconds for _, seconds in both if seconds is not None]
        row = measurement(f"vaekit train, {name}", "s", [seconds for seconds, _ in both], **how)
        rows.append({**row, "processor_seconds": processor} if processor else row)
    return rows


def _prepared(config: TrainConfig, batch_size: int, folder: Path) -> TrainConfig:
    """The same VAE on a few images, from a file where there was none."""
    source = config.data
    if source is None:
        pixels, labels = random_images(config, [batch_size]).train[:2]
        x, y = (np.asarray(part)[: _STEPS * batch_size] for part in (pixels, labels))
        source = str(folder / "random.npz")
        np.savez(source, x_train=x, y_train=y, x_test=x[:256], y_test=y[:256])
    return config.model_copy(
        update={
            "data": source,
            "batch_size": batch_size,
            "limit": _STEPS * batch_size,
            "epochs": 1,
            "out": None,
        }
    )


def _first_step(config: TrainConfig, folder: Path) -> float:
    written = folder / "first.toml"
    write_config(config, written)
    return _seconds("-m", "vaekit.benchmark.first_step", *_plugins(), str(written))


def _trained(config: TrainConfig, out: Path) -> _Trained:
    written, told = out.with_suffix(".toml"), out.with_suffix(".json")
    write_config(config.model_copy(update={"out": str(out)}), written)
    began = time.monotonic()
    job = ("train", *_plugins(), "--config", str(written))
    took = _seconds("-m", "vaekit.benchmark.timed_command", str(told), *job)
    timeline = json.loads(told.read_text())
    inside = {
        name: (part["seconds"], part["processor"]) for name, part in timeline["parts"].items()
    }
    first = min(part["began"] for part in timeline["parts"].values()) - began
    last = began + took - timeline["ended"]
    rest = took - first - last - sum(seconds for seconds, _ in inside.values())
    before, between, after = _OUTSIDE
    parts = {before: (first, None), **inside, between: (rest, None), after: (last, None)}
    steps = sum(row["seconds"] for row in RunDirectory(out).read_history())
    return _Trained(took - steps, parts)


def _plugins() -> list[str]:
    """The options that give another process the plugins of this one."""
    registry = discover().registry
    files = dict.fromkeys(part.source for part in registry if part.distribution == LOCAL)
    return [
        *(word for file in files if file for word in ("--plugin", file)),
        *(word for name in sorted(registry.left_out) for word in ("--no-plugin", name)),
    ]


def _seconds(*args: str) -> float:
    command = [sys.executable, *args]
    began = time.perf_counter()
    child = subprocess.run(command, capture_output=True, text=True)
    took = time.perf_counter() - began
    if child.returncode:
        raise VaekitError(f"{' '.join(args)} failed: {why_ended(child.returncode, child.stderr)}")
    return took
