"""Zip archives that are damaged, lie or want too much: cases of `.keras` files."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.untrusted.cases import case, put, put_zip, saved


def keras_members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(saved(".keras"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_case(name: str, change: Callable[[Path, dict[str, bytes]], Path]) -> None:
    case("model", name, lambda folder, canary: change(folder / "model.keras", keras_members()))


def with_member(name: str, data: bytes = b"x", **facts: Any) -> Callable[..., Path]:
    def change(path: Path, members: dict[str, bytes]) -> Path:
        put_zip(path, members)
        info = zipfile.ZipInfo(name)
        for fact, value in facts.items():
            setattr(info, fact, value)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, data)
        return path

    return change


def bomb(name: str) -> Callable[..., Path]:
    def change(path: Path, members: dict[str, bytes]) -> Path:
        return zeros_zip(path, name, 2**31, {n: d for n, d in members.items() if n != name})

    return change


def zeros(megabytes: int) -> bytes:
    """Raw deflate of zeros, made of one block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(2**20))
    packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packer.flush()


def zeros_zip(path: Path, name: str, size: int, others: dict[str, bytes]) -> Path:
    """An archive whose member `name` unpacks to so many zeros."""
    raw = bytearray(put_zip(path, others | {name: zeros(size >> 20)}).read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    local = int.from_bytes(raw[entry + 42 : entry + 46], "little")
    for kind, length in ((entry + 10, entry + 24), (local + 8, local + 22)):
        raw[kind : kind + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
        raw[length : length + 4] = size.to_bytes(4, "little")
    return put(path.parent, path.name, bytes(raw))


def doubled(path: Path, members: dict[str, bytes]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return with_member("config.json")(path, members)


def crowd(path: Path, members: dict[str, bytes]) -> Path:
    return put_zip(path, members | {f"{n}": b"" for n in range(5_000)})


def encrypted(path: Path, members: dict[str, bytes]) -> Path:
    raw = bytearray(put_zip(path, members).read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    return put(path.parent, path.name, bytes(raw))


def lying(path: Path, members: dict[str, bytes]) -> Path:
    """The list of members declares 3 GB where some bytes are stored."""
    raw = bytearray(put_zip(path, members).read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (3 * 2**30).to_bytes(4, "little")
    return put(path.parent, path.name, bytes(raw))


archive_case("zip-traversal", with_member("../../model.weights.h5"))
archive_case("zip-absolute", with_member("/tmp/model.weights.h5"))
archive_case("zip-backslash", with_member("..\\config.json"))
archive_case("zip-symlink", with_member("assets", b"/etc/passwd", external_attr=0o120777 << 16))
archive_case("zip-extra-member", with_member("payload.py"))
archive_case("zip-unusual-packing", with_member("assets", compress_type=zipfile.ZIP_BZIP2))
archive_case("zip-name-twice", doubled)
archive_case("zip-crowd", crowd)
archive_case("zip-encrypted", encrypted)
archive_case("zip-lying-size", lying)
archive_case("zip-bomb-config", bomb("config.json"))
archive_case("zip-bomb-weights", bomb("model.weights.h5"))
archive_case("zip-cut", lambda path, members: put(path.parent, path.name, saved(".keras")[:-300]))
archive_case("zip-empty", lambda path, members: put(path.parent, path.name, b""))
archive_case("zip-without-config", lambda path, m: put_zip(path, {"model.weights.h5": b"x"}))
archive_case("zip-weights-no-hdf5", lambda path, m: put_zip(path, m | {"model.weights.h5": b"no"}))
