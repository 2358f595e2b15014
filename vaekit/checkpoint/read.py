"""From disk to memory: what is read has been checked against its manifest."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vaekit.checkpoint.folder import (
    ARRAYS,
    BEST,
    LATEST,
    VALUES,
    list_checkpoints,
    order_of,
    pointed,
)
from vaekit.checkpoint.manifest import (
    MANIFEST,
    Damage,
    describe_bytes,
    difference,
    parse_manifest,
)
from vaekit.checkpoint.state import Position, State, Variable
from vaekit.errors import DamagedError, RunError
from vaekit.wording import resume_text

_FILES = {ARRAYS, VALUES}


def latest_checkpoint(folder: Path) -> Path:
    """The one that `latest` names; where that names none, the newest.

    Raises `RunError` if there is none.
    """
    checkpoints = list_checkpoints(folder)
    if not checkpoints:
        raise RunError(f"{folder} holds no checkpoint: the run stopped before its first.")
    return pointed(folder, LATEST) or checkpoints[-1]


def read_checkpoint(path: Path) -> State:
    """What a checkpoint holds, each byte of it checked.

    Raises `DamagedError`, which names the file and the newest whole checkpoint before it.
    """
    contents, damage = _contents(path)
    if damage is None:
        try:
            return _state(contents)
        except (ValueError, LookupError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as e:
            damage = Damage(path, f"it holds no state of a run ({e}).")
    raise DamagedError(f"{damage} {_offer(path)}")


def load_checkpoint(path: Path, variables: Sequence[Variable]) -> State:
    """Give `variables` their saved values; fewer than were saved are the first ones.

    Raises `DamagedError` if a file is damaged, `RunError` if it is of other variables.
    """
    state = read_checkpoint(path)
    assign(state, variables, str(path))
    return state


def assign(state: State, variables: Sequence[Variable], where: str) -> None:
    """Give `variables` a state's values. Raises `RunError` if they have other shapes."""
    values = [value for _, value in state.arrays[: len(variables)]]
    if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
        raise RunError(
            f"The checkpoint {where} was saved from other parts than the run names: their weights "
            "have other shapes. Install the versions that run.json states."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def damages(folder: Path) -> Iterator[Damage]:
    """What is damaged in a folder of checkpoints: files of them, and the two pointers."""
    for path in list_checkpoints(folder):
        _, damage = _contents(path)
        if damage is not None:
            yield damage
    for pointer in (LATEST, BEST):
        if (folder / pointer).exists() and pointed(folder, pointer) is None:
            yield Damage(folder / pointer, "it names no checkpoint that is there.")


def _contents(path: Path) -> tuple[dict[str, bytes], Damage | None]:
    """The files of a checkpoint, and the first that is damaged or None."""
    contents: dict[str, bytes] = {}
    file = path / MANIFEST
    try:
        entries = parse_manifest(file.read_bytes())
        if set(entries) != _FILES:
            return contents, Damage(file, "it lists other files than a checkpoint has.")
        for name, entry in entries.items():
            file = path / name
            contents[name] = file.read_bytes()
            reason = difference(entry, describe_bytes(contents[name]))
            if reason is not None:
                return contents, Damage(file, reason)
    except OSError as error:
        return contents, Damage(file, f"{error.strerror}.")
    except ValueError as error:
        return contents, Damage(file, str(error))
    return contents, None


def _state(contents: dict[str, bytes]) -> State:
    values = json.loads(contents[VALUES])
    with np.load(io.BytesIO(contents[ARRAYS]), allow_pickle=False) as saved:
        # Stored as they are: a packed file might unpack to more than there is memory for.
        if any(info.compress_type != zipfile.ZIP_STORED for info in saved.zip.infolist()):
            raise ValueError("its arrays are packed")
        arrays = {name: saved[name] for name in sorted(saved.files)}
    return State(
        position=Position(**values["position"]),
        arrays=[(name[14:], a) for name, a in arrays.items() if name.startswith("variable ")],
        order=values["order"],
        best=values["best"],
        callbacks=values["callbacks"],
        callback_arrays=[a for name, a in arrays.items() if name.startswith("callback ")],
    )


def whole_before(path: Path) -> Path | None:
    """The newest whole checkpoint that is older than this one; None if there is none."""
    for older in reversed(list_checkpoints(path.parent)):
        if order_of(older) < order_of(path) and _contents(older)[1] is None:
            return older
    return None


def _offer(path: Path) -> str:
    """The way back from a damaged checkpoint, in a sentence."""
    older = whole_before(path)
    if older is None:
        return "There is no whole checkpoint before it."
    return (
        "The checkpoint before it is whole: "
        f"{resume_text(path.parent.parent, older.name)} goes on from there."
    )
