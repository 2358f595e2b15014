"""Where measurements are kept: a file each in the user's cache, and nothing that is run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaekit.atomic import write_text
from vaekit.autotune.combination import Combination
from vaekit.errors import VaekitError
from vaekit.untrusted.json_text import parse

_LARGEST = 2**18  # bytes; one of ours has a few thousand


class Raced(BaseModel):
    """One combination, and its images a second in each round."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    combination: Combination
    rates: list[float] = Field(min_length=1)


class Measurement(BaseModel):
    """What was measured for one machine, as `machine_of` tells it.

    raced: the usual combination first. failed: why there is none, as half a sentence.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    machine: dict[str, Any]
    measured: str
    device: str = ""
    raced: list[Raced] = Field(default_factory=list)
    failed: str | None = None

    @property
    def rates(self) -> dict[Combination, list[float]]:
        """Images a second of each round, by combination."""
        return {one.combination: one.rates for one in self.raced}


def cache_folder() -> Path:
    """`vaekit` in `$XDG_CACHE_HOME`, or in `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    return base / "vaekit"


def file_of(machine: Mapping[str, Any]) -> Path:
    """The file for a machine."""
    text = json.dumps(machine, sort_keys=True)
    name = f"{machine['backend']}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    return cache_folder() / "autotune" / name


def read(machine: Mapping[str, Any]) -> Measurement | None:
    """What was measured for this machine; None where nothing was, or the file is not one of ours.

    A file is data, read under limits; one that is damaged counts as none.
    """
    path = file_of(machine)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            return None
        measurement = Measurement.model_validate(parse(content.decode("utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
    whole = measurement.raced or measurement.failed
    return measurement if whole and measurement.machine == machine else None


def write(measurement: Measurement) -> None:
    """Keep it, whole or not at all. Raises `VaekitError` or `OSError` where it can't be kept."""
    write_text(file_of(measurement.machine), measurement.model_dump_json(indent=1) + "\n")


@contextlib.contextmanager
def alone(machine: Mapping[str, Any], *, wait: float) -> Iterator[None]:
    """While entered, no other process of this user's measures for the same machine.

    Two at once would disturb each other, and might choose differently. One that is at it is waited
    for, for so many seconds.

    Raises `VaekitError` where it isn't done by then, or the cache can't be written.
    """
    path = file_of(machine).with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise VaekitError(f"{path.parent} can't be written ({error.strerror})") from None
    try:
        end = time.monotonic() + wait
        while not _locked(descriptor):
            if time.monotonic() > end:
                raise VaekitError("another process is measuring, and doesn't end")
            time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
