"""Models whose weights aren't what the model has, or lie elsewhere: cases of each format."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.untrusted.cases import case, put, put_zip, saved


def weights_of(file: h5py.File) -> Any:
    """The group of the dense layer's weights, and the name of its kernel in it."""
    if "model_weights" in file:
        return file["model_weights/dense/dense"], "kernel"
    return file["layers/dense/vars"], "0"


def with_weights(folder: Path, ending: str, change: Callable[[Any, str, Path], None]) -> Path:
    """The small model's file with other weights; `.keras` is taken apart and put together."""
    path = put(folder, f"model{ending}", saved(ending))
    inner = path
    if ending == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        inner = put(folder, "inner.h5", members["model.weights.h5"])
    with h5py.File(inner, "a") as file:
        change(*weights_of(file), folder)
    if ending == ".keras":
        put_zip(path, {**members, "model.weights.h5": inner.read_bytes()})
        inner.unlink()
    return path


def weights_case(name: str, change: Callable[[Any, str, Path], None]) -> None:
    for ending in (".keras", ".h5", ".weights.h5"):

        def make(folder: Path, canary: Path, ending: str = ending) -> Path:
            return with_weights(folder, ending, change)

        case("weights" if "weights" in ending else "model", f"{name}{ending}", make)


def replace(make: Callable[[Any, str, np.ndarray, Path], Any]) -> Callable[[Any, str, Path], None]:
    def change(group: Any, name: str, folder: Path) -> None:
        old = group[name][()]
        del group[name]
        make(group, name, old, folder)

    return change


def stored(**options: Any) -> Callable[[Any, str, Path], None]:
    return replace(lambda group, name, old, folder: group.create_dataset(name, **options))


def values(change: Callable[[np.ndarray], Any]) -> Callable[[Any, str, Path], None]:
    return replace(lambda group, name, old, folder: group.create_dataset(name, data=change(old)))


def one(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda old: np.where(np.arange(old.size).reshape(old.shape) == 3, value, old).astype(
        "f4"
    )


def elsewhere(folder: Path) -> Path:
    """A file beside, with a kernel that fits, and its values as bare bytes."""
    path = folder / "elsewhere.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.ones((128, 2), "f4")
    (folder / "elsewhere.raw").write_bytes(np.ones((128, 2), "f4").tobytes())
    return path


def virtual(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    layout = h5py.VirtualLayout(old.shape, "f4")
    layout[:] = h5py.VirtualSource(elsewhere(folder), "kernel", old.shape)
    group.create_virtual_dataset(name, layout)


def external(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    raw = elsewhere(folder).with_suffix(".raw")
    group.create_dataset(name, old.shape, "f4", external=[(str(raw), 0, old.nbytes)])


def soft_link(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group.file["moved"] = old
    group[name] = h5py.SoftLink("/moved")


def external_link(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group[name] = h5py.ExternalLink(str(elsewhere(folder)), "kernel")


def unfilled(group: Any, name: str, old: np.ndarray, folder: Path) -> None:
    group.create_dataset(name, (2**30, 2**10), "f4", chunks=(2**10, 2**10))


weights_case("nan", values(one(np.nan)))
weights_case("infinity", values(one(np.inf)))
weights_case("float64", values(lambda old: old.astype("f8")))
weights_case("whole-numbers", values(lambda old: old.astype("i4")))
weights_case("text", values(lambda old: np.full(old.shape, b"text")))
weights_case("text-of-any-length", values(lambda old: np.full(old.shape, "text", object)))
weights_case("references", stored(shape=(128, 2), dtype=h5py.ref_dtype))
weights_case("lists", stored(shape=(128, 2), dtype=h5py.vlen_dtype(np.float32)))
weights_case("transposed", values(lambda old: old.T))
weights_case("one-number", values(lambda old: old[0, 0]))
weights_case("no-values", stored(data=h5py.Empty("f4")))
weights_case("missing", replace(lambda group, name, old, folder: None))
weights_case("one-too-many", lambda group, name, folder: group.__setitem__("extra", np.ones(3)))
weights_case("soft-link", replace(soft_link))
weights_case("external-link", replace(external_link))
weights_case("external-storage", replace(external))
weights_case("virtual", replace(virtual))
weights_case("unfilled", replace(unfilled))
