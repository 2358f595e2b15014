"""Small real files of every format."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaekit import plugins
from vaekit.registry import Component, Registry

CODES = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.quick)


@pytest.fixture
def pixels() -> Callable[..., np.ndarray]:
    """Makes uint8 images of a shape, the same for one seed, that reach 0 and 255."""

    def make(*shape: int, seed: int = 0) -> np.ndarray:
        made = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        made.flat[0], made.flat[-1] = 0, 255
        return made

    return make


@pytest.fixture
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    def make(array: np.ndarray) -> bytes:
        head = struct.pack(">BBBB", 0, 0, CODES[array.dtype.name], array.ndim)
        sizes = struct.pack(f">{array.ndim}I", *array.shape)
        return head + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()

    return make


@pytest.fixture
def write_idx(idx_bytes: Callable[[np.ndarray], bytes]) -> Callable[[Path, np.ndarray], Path]:
    """Writes an array as IDX, gzipped if the name says so."""

    def write(path: Path, array: np.ndarray) -> Path:
        raw = idx_bytes(array)
        path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
        return path

    return write


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Writes an array as an image file, with the folders that it needs."""

    def write(path: Path, array: np.ndarray, **options: object) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path, **options)
        return path

    return write


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces what is installed by data sets of these names and factories."""

    def use(**factories: object) -> None:
        registry = Registry()
        for name, factory in factories.items():
            registry.add(Component("dataset", name, "", factory, "strange", "1.2"))
        monkeypatch.setattr(plugins, "discover", lambda: plugins.Plugins(registry))

    return use
