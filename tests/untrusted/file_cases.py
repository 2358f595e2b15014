"""What is no file to read, or another one than its name says: cases of every door."""

from __future__ import annotations

import os
from pathlib import Path

from tests.untrusted.cases import Make, case, put, saved


def pipe(name: str) -> Make:
    def make(folder: Path, canary: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return make


def device(name: str) -> Make:
    def make(folder: Path, canary: Path) -> Path:
        (folder / name).symlink_to("/dev/zero")
        return folder / name

    return make


for door, names in {
    "weights": ("a.weights.h5",),
    "data": ("a.h5", "a.npz", "a.png", "images-idx3-ubyte", "images-idx3-ubyte.gz"),
}.items():
    for name in names:
        case(door, f"pipe-{name}", pipe(name))
        case(door, f"device-{name}", device(name))
case("model", "weights-alone", lambda folder, canary: put(folder, "a.weights.h5", saved(".h5")))
case("model", "no-model", lambda folder, canary: put(folder, "a.txt", b"text"))
case(
    "model",
    "pickle",
    lambda folder, canary: put(folder, "a.keras", b"cos\nsystem\n(S'true'\ntR."),
)
