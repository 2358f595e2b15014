"""Tables of results, written by their file's ending: HDF5, `.npz`, CSV or Parquet.

HDF5 and `.npz` hold a column as one array, whatever its shape; CSV and Parquet hold one number a
field, and split a column `z_mean` of vectors into `z_mean_0`, `z_mean_1` and so on. Maps
`(H, W, D)` are split so too, in the order in which NumPy ravels them.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np

from vaekit.atomic import write_whole
from vaekit.errors import UserError

ARRAYS = (".h5", ".hdf5", ".npz")  # the endings of files that hold arrays
_HEADERS = 16_384  # bytes: more than what HDF5 writes around a few datasets
_TEXT = 48  # bytes that HDF5 needs around a text of any length


@dataclass(frozen=True)
class Table:
    """Rows that are named by columns held whole, and numbers that come some rows at a time.

    keys: texts or whole numbers `(N,)`, by the column's name; at least one.
    numbers: the shape of a row's entry, such as `()` or `(D,)`, by the column's name.
    chunks: gives the numbers of the next rows, `(n, *shape)` for each of these columns, in order.
    types: NumPy's name of a type, by the column's name; the others are float32.
    """

    keys: Mapping[str, np.ndarray]
    numbers: Mapping[str, tuple[int, ...]]
    chunks: Iterable[Sequence[np.ndarray]]
    types: Mapping[str, str] = field(default_factory=dict)

    def type_of(self, name: str) -> str:
        """The type of a column of `numbers`."""
        return self.types.get(name, "float32")

    def __len__(self) -> int:
        return len(next(iter(self.keys.values())))


def refuse_unknown_ending(path: Path) -> None:
    """Raise `UserError` unless a table can be written here under this name's ending."""
    if path.suffix.lower() not in _WRITERS:
        raise UserError(
            f"{path} doesn't end as a table that vaekit writes. End its name in "
            f"{', '.join(list(_WRITERS)[:-1])} or {list(_WRITERS)[-1]}."
        )
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise UserError(
            f"Writing {path} needs pyarrow: pip install 'vaekit[parquet]', or end the name in .csv."
        )


def write_table(path: Path, table: Table) -> None:
    """Write a table whole or not at all, in the format that the path's ending asks for.

    All but `.npz` are written a chunk at a time. Texts are UTF-8, and bytes of a file's name that
    are none are escaped.

    Raises `UserError` for another ending, `RunError` if there is no right to write there,
    `NoRoomError` if there is no room.
    """
    refuse_unknown_ending(path)
    keys = {
        name: _utf8(column) if _is_text(column) else column for name, column in table.keys.items()
    }
    whole = replace(table, keys=keys)
    write = _WRITERS[path.suffix.lower()]
    write_whole(path, lambda temporary: write(temporary, whole), room=_room(whole))


def _write_hdf5(path: Path, table: Table) -> None:
    with h5py.File(path, "w") as file:
        for name, column in table.keys.items():
            file.create_dataset(
                name, data=column, dtype=h5py.string_dtype() if _is_text(column) else None
            )
        columns = [
            file.create_dataset(name, (len(table), *shape), table.type_of(name))
            for name, shape in table.numbers.items()
        ]
        for rows, chunk in _numbered(table):
            for column, values in zip(columns, chunk, strict=True):
                column[rows] = values


def _write_npz(path: Path, table: Table) -> None:
    columns = {
        name: np.empty((len(table), *shape), table.type_of(name))
        for name, shape in table.numbers.items()
    }
    for rows, chunk in _numbered(table):
        for column, values in zip(columns.values(), chunk, strict=True):
            column[rows] = values
    # As texts of NumPy's own, which are read without unpickling anything.
    keys = {n: c.astype(str) if _is_text(c) else c for n, c in table.keys.items()}
    # As `numpy.savez` does, which can't name an array `file`.
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in {**keys, **columns}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, column, allow_pickle=False)


def _write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*table.keys, *(name for name, _ in _fields(table))])
        for rows, chunk in _numbered(table):
            keys = [column[rows].tolist() for column in table.keys.values()]
            # The shortest texts that read back as the same numbers.
            numbers = [map(str, column) for column in _split(table, chunk)]
            writer.writerows(zip(*keys, *numbers, strict=True))


def _write_parquet(path: Path, table: Table) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds = {n: pyarrow.string() if _is_text(c) else pyarrow.int64() for n, c in table.keys.items()}
    kinds |= {name: pyarrow.from_numpy_dtype(kind) for name, kind in _fields(table)}
    schema = pyarrow.schema(kinds)
    with parquet.ParquetWriter(path, schema) as writer:
        for rows, chunk in _numbered(table):
            columns = [*(column[rows] for column in table.keys.values()), *_split(table, chunk)]
            writer.write_table(
                pyarrow.Table.from_arrays(
                    [pyarrow.array(c, t) for c, t in zip(columns, schema.types, strict=True)],
                    schema=schema,
                )
            )


_WRITERS: dict[str, Callable[[Path, Table], None]] = {
    ".h5": _write_hdf5,
    ".hdf5": _write_hdf5,
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _numbered(table: Table) -> Iterator[tuple[slice, Sequence[np.ndarray]]]:
    """The chunks, and which rows they are."""
    start = 0
    for chunk in table.chunks:
        rows = slice(start, start + len(chunk[0]))
        yield rows, chunk
        start = rows.stop


def _fields(table: Table) -> list[tuple[str, str]]:
    """Names and types of the numbers, one for each of a vector's."""
    return [
        (f"{name}_{at}" if shape else name, table.type_of(name))
        for name, shape in table.numbers.items()
        for at in range(math.prod(shape))
    ]


def _split(table: Table, chunk: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The numbers of a chunk as `_fields` names them, `(n,)` each."""
    return [
        column
        for name, values in zip(table.numbers, chunk, strict=True)
        for column in np.asarray(values, table.type_of(name)).reshape(len(values), -1).T
    ]


def _is_text(column: np.ndarray) -> bool:
    return column.dtype.kind in "OU"


def _utf8(column: np.ndarray) -> np.ndarray:
    return np.array([t.encode("utf-8", "backslashreplace").decode() for t in column], object)


def _room(table: Table) -> int:
    """The bytes of an HDF5 file; the other formats take about as many."""
    texts = [text for column in table.keys.values() if _is_text(column) for text in column]
    numbers = sum(
        np.dtype(table.type_of(name)).itemsize * math.prod(shape)
        for name, shape in table.numbers.items()
    )
    whole = sum(8 for column in table.keys.values() if not _is_text(column))
    return (
        len(table) * (numbers + whole)
        + sum(_TEXT + 2 * len(text.encode()) for text in texts)
        + _HEADERS
    )
