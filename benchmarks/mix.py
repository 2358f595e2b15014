"""Whether every latent goes with every loss: trained, saved and read again, or refused in words.

Each latent and each loss that is installed is put together, by their defaults, with a decoder that
takes a vector and one that takes a map, on images of 8x8::

    python benchmarks/mix.py mix.json
    python benchmarks/mix.py --sample 40 --seed 1 mix.json prior=standard-normal

A combination is *refused* before training, by a sentence; or *trained* for two steps, saved, and
read in another process, where points, reconstructions and samples must be what they were; or it has
*failed*: anything else, and whatever takes longer than the limit. What follows the file's name are
other options of `vaekit.train`. What the file has already is not done again, so that a run that was
stopped goes on. The backend is KERAS_BACKEND's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import vaekit
from vaekit.plugins import discover

NETS = Path(__file__).with_name("mix_nets.py")
KINDS = ("latent", "loss")
DECODERS = ("mix-vector", "mix-map")
# After so many, both processes begin anew: each model leaves some memory behind.
BATCH = 25
# Beyond rounding: the same weights compute the same in another process.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}

Combination = dict[str, str]


def combinations() -> list[Combination]:
    """Every latent with every loss and both decoders, by name."""
    names = {kind: sorted(c.name for c in discover().registry if c.kind == kind) for kind in KINDS}
    return [
        dict(zip((*KINDS, "decoder"), parts, strict=True))
        for parts in itertools.product(*names.values(), DECODERS)
    ]


# --- in the other processes


def train(combination: Combination, options: dict[str, str], folder: str) -> dict[str, str]:
    """Two steps, a saved run and `outputs.npz` of it; or the sentence of a refusal."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")
    try:
        run = vaekit.train(
            encoder="mix-encoder",
            **combination,
            **options,
            data=(pixels, np.arange(20) % 3),
            latent_dim=4,
            batch_size=9,
            epochs=1,
            batch_norm_averages="moving",
            figures=False,
            progress=False,
            out=folder,
        )
    except vaekit.UserError as error:
        return {"outcome": "refused", "sentence": str(error)}
    if not all(np.isfinite(value) for value in run.history[-1].values()):
        return {"outcome": "failed", "reason": f"its history is not finite: {run.history[-1]}"}
    np.savez(Path(folder) / "outputs.npz", **outputs(run))
    return {"outcome": "trained"}


def read_again(folder: str) -> dict[str, str]:
    """Whether a saved run gives what it gave where it was trained."""
    with np.load(Path(folder) / "outputs.npz") as before:
        after = outputs(vaekit.load(folder))
        if set(before) != set(after):
            return {"outcome": "failed", "reason": f"read again it gives {sorted(after)}"}
        for name, values in after.items():
            if not np.allclose(values, before[name], **TOLERANCE):
                apart = np.abs(values - before[name]).max()
                return {"outcome": "failed", "reason": f"read again its {name} are {apart} apart"}
    return {"outcome": "trained"}


def outputs(run: vaekit.Run) -> dict[str, np.ndarray]:
    """Points and reconstructions of images and, where there is a prior, samples."""
    images = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 1), dtype="uint8")
    labels = np.arange(6) % 3 if run.takes_labels else None
    values = {
        "points": run.latents(images, labels),
        "reconstructions": run.reconstruct(images, labels),
    }
    if run.model.prior_distribution() is not None:
        values["samples"] = run.sample(5, seed=2)
    return values


TASKS: dict[str, Callable[..., dict[str, str]]] = {
    "start": lambda: {},
    "train": train,
    "read_again": read_again,
}


def serve(connection: Any, plugins: Sequence[str]) -> None:
    """Do the tasks that come, until none do; an error is a result too."""
    for plugin in plugins:
        vaekit.load_plugin(plugin)
    while True:
        try:
            task, arguments = connection.recv()
        except EOFError:
            return
        try:
            result = TASKS[task](*arguments)
        except Exception as error:  # whatever a part raises that is no refusal
            result = {"outcome": "failed", "reason": f"{type(error).__name__}: {error}"}
        connection.send(result)


class Worker:
    """A process that does one task after another, each within a limit of seconds."""

    def __init__(self, plugins: Sequence[str]) -> None:
        self._plugins = plugins
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._plugins), daemon=True)
        self._process.start()
        theirs.close()
        self._connection.send(("start", ()))
        self._connection.recv()

    def do(self, limit: float, task: str, *arguments: Any) -> dict[str, str]:
        """The result of a task; a process that is too slow, or dies, is replaced."""
        self._connection.send((task, arguments))
        reason = f"it took more than {limit:g} seconds"
        if self._connection.poll(limit):
            try:
                return self._connection.recv()
            except EOFError:
                reason = "its process died"
        self.close()
        self._start()
        return {"outcome": "failed", "reason": reason}

    def close(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


# --- in this process


def batch_of(
    todo: Sequence[Combination], options: dict[str, str], plugins: Sequence[str], limit: float
) -> list[dict[str, Any]]:
    """Combinations with their outcomes."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = Worker(plugins)
        for number, combination in enumerate(todo):
            begun = time.perf_counter()
            run = str(Path(folder) / str(number))
            result = trainer.do(limit, "train", combination, options, run)
            rows.append({**combination, **result, "seconds": time.perf_counter() - begun})
            print(*combination.values(), result["outcome"], result.get("reason", ""), flush=True)
        trainer.close()
        reader = Worker(plugins)
        for number, row in enumerate(rows):
            if row["outcome"] == "trained":
                row |= reader.do(limit, "read_again", str(Path(folder) / str(number)))
        reader.close()
    return rows


def pattern(sentence: str) -> str:
    """A sentence without the names and numbers in it, to count its like."""
    names = r"'[^']*'(?: or '[^']*')*"
    return re.sub(r"\d+", "N", re.sub(names, "...", sentence))


def report(rows: Sequence[dict[str, Any]]) -> str:
    """How many of each outcome, and by which sentence or for which reason."""
    counts = Counter(row["outcome"] for row in rows)
    lines = [f"{len(rows)} combinations: " + ", ".join(f"{n} {o}" for o, n in counts.items())]
    why = Counter(pattern(row["sentence"]) for row in rows if row["outcome"] == "refused")
    lines += [f"{count:6} refused: {sentence}" for sentence, count in why.most_common()]
    lines += [
        f"failed: {row['latent']}, {row['loss']}, {row['decoder']}: {row['reason']}"
        for row in rows
        if row["outcome"] == "failed"
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a JSON file")
    parser.add_argument("options", nargs="*", help="of vaekit.train, NAME=VALUE")
    parser.add_argument("--sample", type=int, help="so many of them, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=180.0, help="seconds a combination")
    parser.add_argument("--plugin", action="append", default=[], help="a file to load")
    parser.add_argument("--retry", action="store_true", help="do those again that have failed")
    args = parser.parse_args()
    options = dict(option.split("=", 1) for option in args.options)
    for plugin in args.plugin:
        vaekit.load_plugin(plugin)
    plugins = [*args.plugin, str(NETS)]

    rows = json.loads(args.results.read_text())["rows"] if args.results.exists() else []
    if args.retry:
        rows = [row for row in rows if row["outcome"] != "failed"]
    asked = combinations()
    if args.sample is not None:
        asked = random.Random(args.seed).sample(asked, min(args.sample, len(asked)))
    done = [{name: row[name] for name in asked[0]} for row in rows]
    todo = [combination for combination in asked if combination not in done]
    for start in range(0, len(todo), BATCH):
        rows += batch_of(todo[start : start + BATCH], options, plugins, args.limit)
        results = {"vaekit": vaekit.__version__, "options": options, "rows": rows}
        args.results.write_text(json.dumps(results, indent=1) + "\n")
    print(report(rows))
    sys.exit(any(row["outcome"] == "failed" for row in rows))


if __name__ == "__main__":
    main()
