"""IDX, the format of MNIST: a header that declares type and shape, then the values."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.data.budget import Budget
from vaekit.data.flat import FlatRows
from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError
from vaekit.types import Dataset, Images
from vaekit.untrusted.reading import reading, require_file
from vaekit.untrusted.size_limits import DEFLATE_AT_MOST, check_size, nbytes

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"(?:(.*)[-_.])?(images|labels)[-_.]idx\d?(?:[-_.][a-z]+)?(\.gz)?", re.I)


def is_idx(path: Path) -> bool:
    """Whether the file is named as an IDX file, or begins as one."""
    if _NAME.fullmatch(path.name):
        return True
    with reading(path, "an IDX file"), path.open("rb") as stream:
        start = stream.read(4)
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in _TYPES


def read_idx(path: Path, source: str, budget: Budget | None) -> Dataset:
    """One IDX file of images, unchecked, as training images without labels.

    budget: images of more stay in the file, to be read as they are needed.
    """
    return Dataset(source, Images(_images([path], budget)[0]))


def find_idx(folder: Path) -> dict[str, Path]:
    """The folder's IDX files by what they hold: `train images`, `test labels` and so on.

    A lone file of images is the training images whatever its prefix. Of a file and its gzipped
    twin the unpacked one counts. Raises `DataError` where two files offer the same.
    """
    files_by_role: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if not match or not path.is_file():
            continue
        prefix, what = (match[1] or "").lower(), match[2].lower()
        split = "test" if re.search(r"(^|[-_.])(t10k|test)$", prefix) else "train"
        role = f"{split} {what}"
        if role in files_by_role and f"{files_by_role[role].name}.gz" != path.name:
            raise DataError(
                f"{folder} holds two files of {role}, {files_by_role[role].name} and {path.name}. "
                "Keep one data set in a folder."
            )
        files_by_role.setdefault(role, path)
    if "train images" not in files_by_role and "test images" in files_by_role:
        tests = [role for role in files_by_role if role.startswith("test")]
        files_by_role = {role.replace("test", "train"): files_by_role[role] for role in tests}
    return files_by_role


def read_idx_folder(
    folder: Path, files: dict[str, Path], source: str, budget: Budget | None
) -> Dataset:
    """The data set of the files that `find_idx` found, unchecked; `budget` as for `read_idx`."""
    if "train images" not in files:
        names = ", ".join(path.name for path in files.values())
        raise DataError(
            f"{folder} holds IDX labels ({names}) but no images. Put the images beside them, "
            "named like train-images-idx3-ubyte."
        )

    def labels(split: str) -> Any:
        name = f"{split} labels"
        return _read(files[name], "labels") if name in files else None

    paths = [files[name] for name in ("train images", "test images") if name in files]
    pixels = _images(paths, budget)
    train = Images(pixels[0], labels("train"))
    return Dataset(source, train, Images(pixels[1], labels("test")) if pixels[1:] else None)


def _images(paths: list[Path], budget: Budget | None) -> list[Any]:
    """The images of each file, or all as `StoredPixels` if together they are too many."""
    if budget is None:
        return [_read(path, "images") for path in paths]
    declared = []
    for path in paths:
        with _opened(path) as stream:
            declared.append(_declared(stream, path, "images"))
    size = sum(nbytes(shape, dtype.itemsize) for dtype, shape in declared)
    packed = [path for path in paths if _is_zipped(path)]
    for path in packed:
        budget.refuse(path, size, "Unpack it, as gunzip does.")
    if packed or size <= budget.bytes:
        return [_read(path, "images") for path in paths]
    return [
        StoredPixels(_rows(path, dtype, shape), budget.bytes)
        for path, (dtype, shape) in zip(paths, declared, strict=True)
    ]


def _rows(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> FlatRows:
    """The images of a file that isn't gzipped, to be read as they are needed."""
    header = 4 + 4 * len(shape)
    expected, found = nbytes(shape, dtype.itemsize), path.stat().st_size - header
    if found < expected:
        raise DataError(_truncated(path, shape, expected, str(found)))
    if found > expected:
        raise DataError(_overlong(path, shape, expected))
    return FlatRows(path, header, shape, dtype)


def _is_zipped(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file's bytes, unpacked."""
    require_file(path)
    zipped = _is_zipped(path)
    with (
        reading(path, "a gzipped IDX file" if zipped else "an IDX file"),
        gzip.open(path, "rb") if zipped else path.open("rb") as stream,
    ):
        yield stream


def _declared(stream: Any, path: Path, what: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape of the `images` or `labels` that follow in the stream."""
    dtype, shape = _header(stream, path)
    _check_role(path, what, shape)
    return dtype, shape


def _read(path: Path, what: str) -> np.ndarray:
    """The values of one file of `images` or `labels`, in the type that the file declares."""
    zipped = _is_zipped(path)
    with _opened(path) as stream:
        dtype, shape = _declared(stream, path, what)
        expected = nbytes(shape, dtype.itemsize)
        # Before anything is allocated: can the file hold what its header declares?
        on_disk = path.stat().st_size
        at_most = on_disk * DEFLATE_AT_MOST if zipped else on_disk - 4 - 4 * len(shape)
        if expected > at_most:
            limit = "at most " if zipped else ""
            raise DataError(_truncated(path, shape, expected, f"{limit}{at_most}"))
        check_size(f"{path}", expected, on_disk, packed=zipped)
        values = np.empty(expected, np.uint8)
        received = _fill(stream, values.data)
        if received < expected:
            raise DataError(_truncated(path, shape, expected, str(received)))
        if stream.read(1):
            raise DataError(_overlong(path, shape, expected))
        return values.view(dtype).reshape(shape)


def _header(stream: Any, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise DataError(
            f"{path} is no IDX file: it begins with the bytes {magic.hex(' ') or '(none)'}, not "
            "with 00 00, a type and a number of dimensions. Is it damaged, or of another format?"
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path} is truncated: it ends within its header. Fetch it again.")
    return np.dtype(_TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _check_role(path: Path, what: str, shape: tuple[int, ...]) -> None:
    holds = {1: "labels", 3: "images", 4: "images"}.get(len(shape), f"arrays of {len(shape)} axes")
    if holds != what:
        raise DataError(
            f"{path} should hold {what}, but its header declares {holds}. Is it mislabelled or "
            "damaged?"
        )


def _fill(stream: Any, buffer: memoryview) -> int:
    """Read until the buffer is full or the stream ends; how many bytes came."""
    done = 0
    while done < len(buffer):
        count = stream.readinto(buffer[done:])
        if not count:
            break
        done += count
    return done


def _truncated(path: Path, shape: tuple[int, ...], expected: int, found: str) -> str:
    return (
        f"{path} is truncated: its header declares the shape {shape}, {expected} bytes, but it "
        f"holds {found}. Fetch it again."
    )


def _overlong(path: Path, shape: tuple[int, ...], expected: int) -> str:
    return (
        f"{path} holds more bytes than the {expected} that its header declares for the shape "
        f"{shape}. It is damaged or mislabelled: fetch it again."
    )
