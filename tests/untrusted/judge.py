"""What became of a hostile file: the exit code, what it cost, and what it changed."""

from __future__ import annotations

import os
import random
import re
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from click.testing import CliRunner

import vaekit
from tests.process_state import process_state
from tests.untrusted.cases import small_model
from tests.untrusted.every_case import CASES
from vaekit.cli import main

SENTENCE_END = re.compile(r"[.?!](?= |$)")


class Verdict(NamedTuple):
    """What it took is of this process and its children, for this file alone.

    seconds: by the clock. processor: seconds of work, which other programs don't lengthen.
    peak: bytes of memory.
    """

    code: int | None
    said: str
    seconds: float
    processor: float
    peak: int
    changed: list[str]
    ran: bool


def judge(name: str, folder: Path) -> Verdict:
    """Make the file of a case in `folder` and give it to the door that it is for."""
    case = CASES[name]
    canary = folder.with_name(f"{folder.name}-canary")
    path = case.make(folder, canary)
    canary.unlink(missing_ok=True)
    written_to = folder.with_name(f"{folder.name}-latents.h5")
    try:
        if case.unsafe:
            keras.config.enable_unsafe_deserialization()
        model = small_model()  # for a file of weights
        before, written = _globals(), _listing(folder)
        _reset_peaks()
        started, worked = time.perf_counter(), _processor()
        code, said = _open(case.door, path, model, written_to)
        seconds, processor, peak = time.perf_counter() - started, _processor() - worked, _peak()
        after = _globals()
    finally:
        _safe_again()
    changed = [what for what, value in before.items() if not _equal(value, after[what])]
    if "descriptors" in changed:  # which of them is what one looks for
        changed += sorted(set(before["descriptors"]) ^ set(after["descriptors"]))
    if _listing(folder) != written or written_to.exists():
        changed.append("files")
    return Verdict(code, said, seconds, processor, peak, changed, canary.exists())


def complaint(verdict: Verdict) -> str | None:
    """What is wrong with how a hostile file was refused; None if nothing is."""
    said = verdict.said.removeprefix("vaekit: ").strip()
    if verdict.code != 2:
        return f"exit code {verdict.code}: {said}"
    if verdict.ran:
        return "code was run"
    if verdict.changed:
        return f"changed: {verdict.changed}"
    if "\n" in said or "Traceback" in said or not said.isprintable() or len(said) > 900:
        return f"no plain sentence: {said}"
    if not 1 <= len(SENTENCE_END.findall(said)) <= 3 or said[-1] not in ".?)":
        return f"no sentences: {said}"
    return None


def _open(door: str, path: Path, model: Any, out: Path) -> tuple[int | None, str]:
    if door == "weights":
        old = model.get_weights()
        try:
            vaekit.load_weights(model, path)
        except vaekit.VaekitError as error:
            kept = all(map(np.array_equal, model.get_weights(), old))
            return (error.exit_code if kept else None), str(error)
        return 0, "loaded"
    args = ["data", "info", str(path)]
    if door == "model":
        args = ["encode", str(path), "--data", "digits", "--out", str(out)]
    result = CliRunner().invoke(main, args, prog_name="vaekit")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return None, f"{type(result.exception).__name__}: {result.exception}"
    return result.exit_code, result.stderr


def _globals() -> dict[str, Any]:
    """What a file must not change: the process's own state, random states, files held open."""
    return {
        **process_state(),
        "NumPy's random state": np.random.get_state(),
        "Python's random state": random.getstate(),
        "warnings": list(warnings.filters),
        "descriptors": _plain_files(),
    }


def _plain_files() -> list[str]:
    """The files that this process has open; pipes to the children that parse HDF5 may stay."""
    found = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")
        except OSError:
            continue
        if target.startswith("/") and not target.startswith(("/proc", "/dev")):
            found.append(target)
    return sorted(found)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


def _safe_again() -> None:
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("safe_mode_saving", None)


def _listing(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_size for path in folder.rglob("*")}


def _processes() -> list[int]:
    """This process and its children."""
    found = [os.getpid()]
    for task in os.listdir("/proc/self/task"):
        text = Path(f"/proc/self/task/{task}/children").read_text()
        found += map(int, text.split())
    return found


def _processor() -> float:
    """Seconds that this process and its children have worked, those that ended included."""
    ticks = 0
    for process in _processes():
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _reset_peaks() -> None:
    for process in _processes():
        Path(f"/proc/{process}/clear_refs").write_text("5")


def _peak() -> int:
    """The most memory that this process held since the reset, and its children ever."""
    total = 0
    for process in _processes():
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        total += int(match[1]) * 1024 if match else 0
    return total
