"""A fitted sampler in a file, `samplers/NAME.npz`: arrays and what they are of, no pickle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ValidationError

from vaekit.atomic import write_whole
from vaekit.errors import PluginError, RunError
from vaekit.run_directory.record import PartRecord
from vaekit.untrusted.npy import read_npy
from vaekit.untrusted.reading import reading
from vaekit.untrusted.zips import open_zip

_ABOUT, _STATE = "about", "state/"
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)


class About(BaseModel):
    """What a fitted sampler is of.

    weights: the SHA-256 of the model's weights. images: how many it was fitted on.
    """

    part: PartRecord
    weights: str
    images: int


class Saved(NamedTuple):
    """A file's content."""

    about: About
    state: Mapping[str, np.ndarray]


def write_sampler(path: Path, about: About, state: Mapping[str, np.ndarray]) -> None:
    """Write a sampler's state, whole or not at all; equal states make equal files.

    Raises `PluginError` for a state that isn't arrays of numbers by name, `NoRoomError` or
    `RunError` if it can't be written.
    """
    arrays: dict[str, Any] = {_ABOUT: np.array(about.model_dump_json())}
    for name, value in state.items():
        array = np.asarray(value)
        if not _NAME.fullmatch(name) or array.dtype.hasobject:
            raise PluginError(
                f"The state of the sampler {about.part.name!r} has {name!r}, of type "
                f"{array.dtype}: give arrays of numbers, by names of letters, digits, '_', '.', "
                "'-' and '/'."
            )
        arrays[_STATE + name] = array
    write_whole(path, lambda temporary: np.savez(temporary, **arrays))


def read_sampler(path: Path) -> Saved:
    """What `write_sampler` wrote.

    Raises `RunError` for what can't be read as that, and `DataError` for what is a pickle.
    """
    with reading(path, "a fitted sampler", RunError), open_zip(path, RunError) as archive:
        arrays = {}
        for member, info in archive.members.items():
            with archive.open(member) as stream:
                name = member.removesuffix(".npy")
                arrays[name] = read_npy(stream, info.file_size, f"{path}: {name}")
        try:
            about = About.model_validate_json(str(arrays.pop(_ABOUT)))
        except (KeyError, ValidationError):
            raise RunError(f"{path} is damaged: it doesn't say whose state it is.") from None
    return Saved(about, {name.removeprefix(_STATE): array for name, array in arrays.items()})
