"""Hostile and broken data: more of `cases.CASES`."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.untrusted.archive_cases import zeros, zeros_zip
from tests.untrusted.cases import case, put, put_zip
from tests.untrusted.weight_cases import elsewhere

IMAGES = (np.arange(4 * 8 * 8) % 256).reshape(4, 8, 8).astype("u1")


def data_case(name: str, make: Callable[[Path], Path]) -> None:
    case("data", name, lambda folder, canary: make(folder))


# IDX


def idx(shape: tuple[int, ...], data: bytes = bytes(256), kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def zeros_gz(head: bytes, size: int) -> bytes:
    """A gzip file of a head and so many zeros, without its end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + start + zeros(size >> 20)


IDX = "images-idx3-ubyte"
data_case("idx-huge", lambda folder: put(folder, IDX, idx((2**32 - 1,) * 3)))
data_case("idx-of-255-axes", lambda folder: put(folder, IDX, idx((2**32 - 1,) * 255)))
data_case("idx-cut", lambda folder: put(folder, IDX, idx((5, 8, 8))))
data_case("idx-too-long", lambda folder: put(folder, IDX, idx((3, 8, 8))))
data_case("idx-cut-in-header", lambda folder: put(folder, IDX, idx((3, 8, 8))[:9]))
data_case(
    "gzip-bomb",
    lambda folder: put(folder, f"{IDX}.gz", zeros_gz(idx((2**16, 2**8, 2**7), b""), 2**31)),
)
data_case(
    "gzip-endless-after-the-images",
    lambda folder: put(folder, f"{IDX}.gz", zeros_gz(idx((4, 8, 8), b""), 2**30)),
)
data_case("gzip-no-gzip", lambda folder: put(folder, f"{IDX}.gz", idx((4, 8, 8))))
data_case(
    "gzip-damaged",
    lambda folder: put(folder, f"{IDX}.gz", gzip.compress(idx((4, 8, 8)))[:-8] + bytes(8)),
)


# npz


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npy_of(shape: str, data: bytes = bytes(64), descr: str = "'|u1'") -> bytes:
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def npz(folder: Path, **members: bytes) -> Path:
    return put_zip(folder / "a.npz", {f"{name}.npy": data for name, data in members.items()})


class Payload:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return Path.touch, (self.canary,)


case(
    "data",
    "npz-pickle",
    lambda folder, canary: npz(folder, x_train=npy(np.array([Payload(canary)] * 3, object))),
)
case(
    "data",
    "npz-bare-pickle",
    lambda folder, canary: npz(folder, x_train=__import__("pickle").dumps(Payload(canary))),
)
data_case("npz-huge", lambda folder: npz(folder, x_train=npy_of("(9999999999, 999, 999)")))
data_case("npz-negative", lambda folder: npz(folder, x_train=npy_of("(-1, -8, 8)")))
data_case("npz-code-in-header", lambda folder: npz(folder, x_train=npy_of("(exit(0), 8, 8)")))
data_case(
    "npz-huge-type", lambda folder: npz(folder, x_train=npy_of("(1, 8, 8)", descr="'|V2147483647'"))
)
data_case(
    "npz-traversal", lambda folder: put_zip(folder / "a.npz", {"../x_train.npy": npy(IMAGES)})
)
data_case(
    "npz-bomb",
    lambda folder: zeros_zip(folder / "a.npz", "x_train.npy", 2**31, {"x_test.npy": npy(IMAGES)}),
)
data_case(
    "npz-lzma",
    lambda folder: put_zip(folder / "a.npz", {"x_train.npy": npy(IMAGES)}, zipfile.ZIP_LZMA),
)
data_case(
    "npz-cut", lambda folder: put(folder, "a.npz", npz(folder, x=npy(IMAGES)).read_bytes()[:99])
)


# HDF5


def hdf5(folder: Path, make: Callable[[h5py.File], Any]) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        make(file)
    return folder / "a.h5"


def hdf5_case(name: str, make: Callable[[h5py.File], Any]) -> None:
    data_case(f"hdf5-{name}", lambda folder: hdf5(folder, make))


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 8, 8), "u1")
    layout[:] = h5py.VirtualSource(elsewhere(Path(file.filename).parent), "kernel", (4, 8, 8))
    file.create_virtual_dataset("images", layout)


def chunk_bomb(file: h5py.File) -> None:
    """One chunk, declared to be a megabyte, that unpacks to four gigabytes."""
    shape = (4, 512, 512)
    images = file.create_dataset("images", shape, "u1", chunks=shape, compression="gzip")
    images.id.write_direct_chunk((0, 0, 0), b"\x78\x01" + zeros(2**12))


def gigabytes(file: h5py.File) -> None:
    """Two gigabytes of zeros, in some megabytes."""
    images = file.create_dataset(
        "images", (2**11, 2**10, 2**10), "u1", chunks=(32, 2**10, 2**10), compression="gzip"
    )
    chunk = zlib.compress(bytes(2**25), 1)
    for at in range(0, 2**11, 32):
        images.id.write_direct_chunk((at, 0, 0), chunk)


def unknown_filter(file: h5py.File) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4, 8, 8))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (1,))  # Zstandard, which is a plugin
    space = h5py.h5s.create_simple((4, 8, 8))
    h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, plan)


def ring(file: h5py.File) -> None:
    file.create_group("a/b")
    file["a/b/c"] = file["a"]


def deep(file: h5py.File) -> None:
    file.create_group("/".join("g" * 200))


def crowd(file: h5py.File) -> None:
    for number in range(21_000):
        file.create_group(str(number))


def fifo_link(file: h5py.File) -> None:
    import os

    target = Path(file.filename).with_name("pipe")
    os.mkfifo(target)
    file["images"] = h5py.ExternalLink(str(target), "x")
    layout = h5py.VirtualLayout((4, 8, 8), "u1", maxshape=(None, 8, 8))
    source = h5py.VirtualSource(str(target), "x", (4, 8, 8), maxshape=(None, 8, 8))
    layout[:] = source
    file.create_virtual_dataset("virtual", layout)


hdf5_case("soft-link", lambda file: file.__setitem__("images", h5py.SoftLink("/nowhere")))
hdf5_case(
    "external-link",
    lambda file: file.__setitem__("images", h5py.ExternalLink("/etc/passwd", "x")),
)
hdf5_case(
    "external-storage",
    lambda file: file.create_dataset("images", (4, 8, 8), "u1", external=[("/etc/passwd", 0, 256)]),
)
hdf5_case("virtual", virtual)
hdf5_case("leads-to-a-pipe", fifo_link)
hdf5_case(
    "huge",
    lambda file: file.create_dataset("images", (2**40, 2**9, 2**9), "u1", chunks=(1, 2**9, 2**9)),
)
hdf5_case("huge-contiguous", lambda file: file.create_dataset("images", (2**30, 2**9, 2**9), "u1"))
hdf5_case(
    "huge-chunk",
    lambda file: file.create_dataset("images", (2**20, 32, 32), "u1", chunks=(2**20, 32, 32)),
)
hdf5_case("chunk-bomb", chunk_bomb)
hdf5_case("bomb", gigabytes)
hdf5_case("unknown-filter", unknown_filter)
hdf5_case("references", lambda file: file.create_dataset("images", (4, 8, 8), h5py.ref_dtype))
hdf5_case("lists", lambda file: file.create_dataset("images", (4, 8, 8), h5py.vlen_dtype(np.uint8)))
hdf5_case(
    "objects", lambda file: file.create_dataset("images", data=np.full((4, 8, 8), "x", object))
)
hdf5_case(
    "compound", lambda file: file.create_dataset("images", (4, 8, 8), [("a", "u1"), ("b", "u1")])
)
hdf5_case("ring", ring)
hdf5_case("deep", deep)
hdf5_case("crowd", crowd)
data_case(
    "hdf5-cut",
    lambda folder: put(
        folder,
        "a.h5",
        hdf5(folder, lambda f: f.create_dataset("images", data=IMAGES)).read_bytes()[:-100],
    ),
)


# images


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + body


PIXELS = zlib.compress(bytes(8 * 9))
TEXT = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(2**28), 9))
PROFILE = chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(bytes(2**28), 9))
data_case("png-huge", lambda folder: put(folder, "a.png", png(2**31 - 1, 2**31 - 1, PIXELS)))
data_case(
    "png-large",
    lambda folder: put(folder, "a.png", png(9000, 9000, zlib.compress(bytes(9000 * 9001), 9))),
)
data_case("png-text-bomb", lambda folder: put(folder, "a.png", png(8, 8, PIXELS, TEXT)))
data_case(
    "png-many-texts",
    lambda folder: put(
        folder,
        "a.png",
        png(
            8, 8, PIXELS, *[chunk(b"zTXt", b"C\x00\x00" + zlib.compress(bytes(2**20 - 1), 9))] * 100
        ),
    ),
)
data_case("png-profile-bomb", lambda folder: put(folder, "a.png", png(8, 8, PIXELS, PROFILE)))
data_case("png-cut", lambda folder: put(folder, "a.png", png(8, 8, zlib.compress(bytes(8 * 4)))))
data_case("png-no-size", lambda folder: put(folder, "a.png", png(0, 0, PIXELS)))
data_case("png-damaged", lambda folder: put(folder, "a.png", png(8, 8, PIXELS)[:50] + b"\xff" * 40))
