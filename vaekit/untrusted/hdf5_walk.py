"""What an HDF5 file holds, listed without following anything out of it; runs in the child only."""

from __future__ import annotations

from typing import Any, NamedTuple

from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

MOST_OBJECTS = 20_000
DEEPEST = 32
LONGEST_NAME = 512
MOST_AXES = 8
LARGEST_CHUNK = 128 * 2**20  # bytes; HDF5 holds a packed and an unpacked one at a time

_LZF = 32000
_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, _LZF}
_LINKS = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "a link into another file"}
_KINDS = {
    h5t.STRING: "text",
    h5t.VLEN: "values of variable length",
    h5t.REFERENCE: "references to other objects",
    h5t.COMPOUND: "compound values",
    h5t.OPAQUE: "opaque bytes",
    h5t.ARRAY: "arrays of arrays",
    h5t.BITFIELD: "bit fields",
    h5t.TIME: "times",
    h5t.ENUM: "an enumeration",
}


class RefusedError(Exception):
    """A file, or a part of one, that is not read; the text ends a sentence that names it."""


class Found(NamedTuple):
    """A file's objects by their paths (without a leading slash; the root is "").

    links: what kind each link is that is not followed.
    """

    groups: dict[str, Any]
    datasets: dict[str, Any]
    links: dict[str, str]


def walk(root: Any) -> Found:
    """Every object that hard links reach from `root`, each group once.

    Raises `RefusedError` for names that could lead elsewhere, and for too many or too deep.
    """
    held = Found({"": root}, {}, {})
    seen = {h5o.get_info(root).addr}
    queue = [("", root, 1)]
    while queue:
        path, group, depth = queue.pop()
        for name, kind in _links(group, MOST_OBJECTS - len(held.groups) - len(held.datasets)):
            where = f"{path}/{name}".lstrip("/")
            if kind != h5l.TYPE_HARD:
                held.links[where] = _LINKS.get(kind, "a link of an unknown kind")
                continue
            item = h5o.open(group, name.encode())
            if isinstance(item, h5d.DatasetID):
                held.datasets[where] = item
            elif isinstance(item, h5g.GroupID):
                if depth >= DEEPEST:
                    raise RefusedError(f"has groups nested deeper than {DEEPEST}")
                address = h5o.get_info(item).addr
                if address not in seen:  # hard links may form a ring
                    seen.add(address)
                    held.groups[where] = item
                    queue.append((where, item, depth + 1))
    return held


def _links(group: Any, at_most: int) -> list[tuple[str, int]]:
    """The name and the kind of each link in a group."""
    links: list[tuple[str, int]] = []

    def take(name: bytes, info: Any) -> bool:
        text = name.decode("utf-8", "replace")
        if not text or "/" in text or text in (".", "..") or len(text) > LONGEST_NAME:
            raise RefusedError("has an object whose name is malformed")
        links.append((text, info.type))
        return len(links) > at_most

    group.links.iterate(take, info=True)
    if len(links) > at_most:
        raise RefusedError(f"holds more than {MOST_OBJECTS} objects")
    return links


def facts(dataset: Any) -> dict[str, Any]:
    """Shape, type, bytes stored, whether they are packed, and why it may not be read (or None).

    `rows` is how many lie in a chunk, `chunk` how many bytes one has. `offset` is where the values
    lie in the file if they lie there one after the other, as they are; else None.

    The layout is looked at before the shape, since asking a virtual dataset for its shape opens
    the files that it leads to.
    """
    plan = dataset.get_create_plist()
    layout = plan.get_layout()
    if layout == h5d.VIRTUAL or plan.get_external_count():
        return _refused("keeps its values in other files, which vaekit doesn't open")
    stored_type = dataset.get_type()
    kind = stored_type.get_class()
    if kind not in (h5t.INTEGER, h5t.FLOAT, h5t.ENUM):
        return _refused(f"holds {_KINDS.get(kind, 'an unknown type')}, not numbers")
    dtype = stored_type.dtype
    if (kind == h5t.ENUM and dtype.kind != "b") or not h5t.py_create(dtype, logical=True).equal(
        stored_type
    ):
        return _refused("holds numbers of a type that vaekit doesn't know")
    space = dataset.get_space()
    if space.get_simple_extent_type() == h5s.NULL:
        return _refused("is empty")
    shape = space.get_simple_extent_dims()
    if len(shape) > MOST_AXES:
        return _refused(f"has {len(shape)} axes")
    chunk = plan.get_chunk() if layout == h5d.CHUNKED else ()
    size = dtype.itemsize
    for side in chunk:
        size *= side
    if size > LARGEST_CHUNK:
        return _refused(f"is stored in chunks of {size} bytes, more than {LARGEST_CHUNK}")
    used = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    if not used <= _FILTERS:
        return _refused(
            "is packed by a filter other than gzip, lzf, shuffle and fletcher32: save it with gzip"
        )
    return {
        "shape": list(shape),
        "dtype": dtype.str,
        "stored": dataset.get_storage_size(),
        "packed": bool(used & {h5z.FILTER_DEFLATE, _LZF}),
        "rows": chunk[0] if chunk else 1,
        "chunk": size if chunk else 0,
        "offset": dataset.get_offset() if layout == h5d.CONTIGUOUS else None,
        "refusal": None,
    }


def _refused(reason: str) -> dict[str, Any]:
    return {
        "shape": [],
        "dtype": "",
        "stored": 0,
        "packed": False,
        "rows": 1,
        "chunk": 0,
        "offset": None,
        "refusal": reason,
    }
