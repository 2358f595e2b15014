"""Damaging bytes by chance: a stream of mutants of each small well-meant file, by seed."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from PIL import Image

from tests.untrusted.cases import saved
from tests.untrusted.data_cases import IMAGES, idx, npy

SPECIAL = (0, 1, 0x7F, 0x80, 0xFF)
LENGTHS = (1, 2, 4, 8)


class Format(NamedTuple):
    """A kind of file: its name, how many mutants of it in 100,000, and some well-meant ones."""

    name: str
    share: int
    door: str
    make: Callable[[], list[bytes]]


def mutants(form: Format, count: int, seed: int) -> Iterator[bytes]:
    """So many damaged files, the same for a seed."""
    draw = np.random.default_rng([seed, form.share])
    originals = form.make()
    text = form.name in (".keras", ".h5")
    for number in range(count):
        raw = originals[number % len(originals)]
        if text and draw.random() < 0.5:
            yield _with_config(form.name, raw, draw)
        elif form.name in (".keras", "npz") and draw.random() < 0.5:
            yield _with_member(raw, draw)
        else:
            yield damaged(raw, draw)


def damaged(raw: bytes, draw: np.random.Generator) -> bytes:
    """The bytes with one to eight faults: bits, numbers, cuts, copies and moves."""
    data = bytearray(raw)
    for _ in range(draw.integers(1, 9)):
        if not data:
            break
        at, kind = int(draw.integers(len(data))), int(draw.integers(7))
        if kind == 0:
            data[at] ^= 1 << int(draw.integers(8))
        elif kind == 1:
            data[at] = SPECIAL[int(draw.integers(len(SPECIAL)))]
        elif kind == 2:
            length = LENGTHS[int(draw.integers(len(LENGTHS)))]
            data[at : at + length] = draw.bytes(length)
        elif kind == 3:
            length = LENGTHS[int(draw.integers(len(LENGTHS)))]
            data[at : at + length] = bytes([SPECIAL[int(draw.integers(len(SPECIAL)))]]) * length
        elif kind == 4 and draw.random() < 0.2:
            del data[at:]
        elif kind == 5:
            length = int(draw.integers(1, 64))
            start = int(draw.integers(len(data)))
            data[at : at + length] = data[start : start + length]
        else:
            length = int(draw.integers(1, 16))
            data[at:at] = data[at : at + length]
    return bytes(data)


def _with_member(raw: bytes, draw: np.random.Generator) -> bytes:
    """A well-formed archive, one member of which is damaged."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[int(draw.integers(len(members)))]
    return _zip(members | {name: damaged(members[name], draw)})


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _with_config(ending: str, raw: bytes, draw: np.random.Generator) -> bytes:
    """A well-formed model whose config is changed, as JSON or as a text."""
    if ending == ".keras":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return _zip(members | {"config.json": _changed(members["config.json"], draw)})
    buffer = io.BytesIO(raw)
    with h5py.File(buffer, "a") as file:
        text = _changed(file.attrs["model_config"].encode(), draw)
        file.attrs["model_config"] = np.bytes_(text.replace(b"\0", b" ") or b" ")
    return buffer.getvalue()


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 7, 2**31, 2**63, 10**30, -0.5, 1e300, "", "x", "relu"),
    *([], [None], [1, 2], [[[]]], {}, {"class_name": "Dense", "config": {}}, "../../etc", "Lambda"),
)


def _changed(text: bytes, draw: np.random.Generator) -> bytes:
    if draw.random() < 0.2:
        return damaged(text, draw)
    config = json.loads(text)
    for _ in range(draw.integers(1, 4)):
        places = list(_places(config))
        holder, key = places[int(draw.integers(len(places)))]
        kind = int(draw.integers(4))
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder.insert(key, holder[key])
        elif kind == 2:
            other, name = places[int(draw.integers(len(places)))]
            holder[key] = json.loads(json.dumps(other[name]))
        else:
            holder[key] = VALUES[int(draw.integers(len(VALUES)))]
        if not config:
            break
    return json.dumps(config).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry of nested lists and mappings, as its holder and its key."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


# well-meant files


def _idx() -> list[bytes]:
    plain = idx((4, 8, 8), IMAGES.tobytes())
    return [plain, idx((2, 8, 8, 3), bytes(384)), gzip.compress(plain)]


def _npz() -> list[bytes]:
    made = []
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, x_train=IMAGES, y_train=np.arange(4), x_test=IMAGES[:2].astype("f4") / 255)
        made.append(buffer.getvalue())
    return [*made, _zip({"images.npy": npy(np.asfortranarray(IMAGES))})]


def _png() -> list[bytes]:
    colour = np.dstack([IMAGES[0]] * 3)
    made = [Image.fromarray(a) for a in (IMAGES[0], colour, IMAGES[0].astype("u2") * 200)]
    made += [Image.fromarray(colour).quantize(8), Image.fromarray(IMAGES[0] > 100)]
    made.append(Image.fromarray(np.dstack([colour, IMAGES[1]])))
    return [*(_picture(image, "PNG") for image in made), _picture(made[1], "JPEG")]


def _picture(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _hdf5() -> list[bytes]:
    made = []
    for version in ("earliest", "latest"):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver=version) as file:
            file["images"] = IMAGES
            file["labels"] = np.arange(4)
            packed = {"chunks": (2, 8, 8), "compression": "gzip", "shuffle": True}
            file.create_dataset("group/x", data=IMAGES, fletcher32=True, **packed)
            file["group/names"] = ["a", "b"]
            file["link"] = h5py.SoftLink("/images")
            file["outside"] = h5py.ExternalLink("none.h5", "x")
        made.append(buffer.getvalue())
    return made


@cache
def _weights() -> bytes:
    """A file of weights in the older layout."""
    from tests.untrusted.cases import small_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.h5")
        small_model().save(path)
        return path.read_bytes()


FORMATS = (
    Format("idx", 25_000, "data", _idx),
    Format("npz", 20_000, "data", _npz),
    Format("png", 25_000, "data", _png),
    Format("hdf5", 14_000, "data", _hdf5),
    Format(".weights.h5", 8_000, "weights", lambda: [saved(".weights.h5"), _weights()]),
    Format(".h5", 4_500, "model", lambda: [saved(".h5")]),
    Format(".keras", 4_501, "model", lambda: [saved(".keras")]),
)
