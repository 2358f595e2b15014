"""Hostile and broken files, each made by a function of the folder to put it into.

`CASES` has them by name, once `every_case` is imported. A function's last argument, `canary`, is a
path that the file would create if any of the code that it names were run.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import keras
from keras import layers

Make = Callable[[Path, Path], Path]


class Case(NamedTuple):
    """door: what it is given to: `model`, `weights` or `data`. unsafe: Keras's switch is on."""

    make: Make
    door: str
    unsafe: bool = False


CASES: dict[str, Case] = {}


def case(door: str, name: str, make: Make, *, unsafe: bool = False) -> None:
    assert name not in CASES
    CASES[name] = Case(make, door, unsafe)


# a well-meant model


def small_model() -> keras.Model:
    """8x8 images -> z, of 2 latents, without a Lambda."""
    x = images = keras.Input((8, 8, 1), name="images")
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(images, layers.Dense(2, name="dense")(x), name="small")


@cache
def saved(ending: str) -> bytes:
    """The file of `small_model`."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"small{ending}")
        model = small_model()
        model.save_weights(path) if "weights" in ending else model.save(path)
        return path.read_bytes()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def put_zip(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
