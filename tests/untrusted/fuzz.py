"""Opening mutants: each loads, or is refused by an error of the kit's; nothing else happens.

As a program: `python -m tests.untrusted.fuzz COUNT [SEED]` opens about that many and prints a
table. A mutant that breaks something is kept in the folder that it names.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.startup import select_backend

select_backend(None)

import vaekit  # noqa: E402
from tests.untrusted.cases import small_model  # noqa: E402
from tests.untrusted.mutate import FORMATS, Format, mutants  # noqa: E402

NAMES = {"idx": "images-idx3-ubyte", "npz": "a.npz", "png": "a.png", "hdf5": "a.h5"}
LARGEST = 2**22  # bytes: every original is smaller than 100 KB


class BrokenError(Exception):
    """A mutant that did more than to load or to be refused."""


class Fuzzer:
    """Counts what became of mutants, by format and outcome."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = small_model()
        self._weights = self._model.get_weights()
        self.broken: list[str] = []
        self.outcomes: dict[str, Counter[str]] = {form.name: Counter() for form in FORMATS}

    def run(self, form: Format, count: int, seed: int) -> None:
        """Open mutants of one format; those that break something are kept and told."""
        for data in mutants(form, count, seed):
            zipped = form.name == "idx" and data[:2] == b"\x1f\x8b"
            path = self._folder / (NAMES.get(form.name, f"a{form.name}") + ".gz" * zipped)
            path.write_bytes(data)
            try:
                outcome = self.open(form.door, path)
            except Exception as error:
                kept = path.with_name(f"broken-{len(self.broken)}-{path.name}")
                path.rename(kept)
                self.broken.append(f"{kept}: {type(error).__name__}: {error}")
                outcome = "broken"
            self.outcomes[form.name][outcome] += 1
            path.unlink(missing_ok=True)

    def open(self, door: str, path: Path) -> str:
        """`loaded`, `refused` or `crashed` (the child, which is a refusal, too)."""
        try:
            self._open(door, path)
        except vaekit.UserError as error:
            said = str(error)
            if "\n" in said or not said.isprintable() or len(said) > 1200:
                raise BrokenError(f"no plain sentence: {said!r}") from error
            if "crashes the HDF5 library" in said or "takes longer" in said:
                return "crashed the child"
            if door == "weights" and not self._kept():
                raise BrokenError("weights were changed by a file that was refused") from error
            return "refused"
        return "loaded"

    def _open(self, door: str, path: Path) -> None:
        if door == "data":
            dataset = vaekit.read_images(path)
            parts = [dataset.train, dataset.test] if dataset.test else [dataset.train]
            if sum(part.pixels.nbytes for part in parts) > LARGEST:
                raise BrokenError("more was read than the file holds")
        elif door == "weights":
            vaekit.load_weights(self._model, path)
            _require_finite(self._model)
            self._model.set_weights(self._weights)
        else:
            _require_finite(vaekit.load_model(path))

    def _kept(self) -> bool:
        return all(map(np.array_equal, self._model.get_weights(), self._weights))


def _require_finite(model: Any) -> None:
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise BrokenError("weights that aren't finite")
    if model.count_params() * 4 > LARGEST:
        raise BrokenError("more weights than the file holds")


def main(total: int, seed: int) -> int:
    """Open about `total` mutants, print what became of them, and give how many broke something."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    fuzzer = Fuzzer(folder)
    shares = sum(form.share for form in FORMATS)
    began = time.perf_counter()
    for form in FORMATS:
        started = time.perf_counter()
        fuzzer.run(form, -(-total * form.share // shares), seed)
        seconds = time.perf_counter() - started
        counts = dict(fuzzer.outcomes[form.name])
        print(json.dumps({"format": form.name, "seconds": round(seconds, 1), **counts}), flush=True)
    done = sum(sum(counts.values()) for counts in fuzzer.outcomes.values())
    status = Path("/proc/self/status").read_text()
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) >> 10
    print(
        json.dumps(
            {
                "mutants": done,
                "seconds": round(time.perf_counter() - began, 1),
                "peak_mb": peak,
                "broken": fuzzer.broken,
            }
        )
    )
    return len(fuzzer.broken)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0) > 0)
