"""Names in a folder of checkpoints: `step-000000123/`, and the pointers `latest` and `best`.

A checkpoint never changes, so a second one of the same step gets a number: `step-000000123.1`.
"""

from __future__ import annotations

import re
from pathlib import Path

from vaekit.atomic import write_text
from vaekit.checkpoint.manifest import MANIFEST, describe_file

ARRAYS, VALUES = "state.npz", "state.json"
LATEST, BEST = "latest", "best"

_NAME = re.compile(r"step-(\d{9,})(?:\.(\d+))?", re.ASCII)


def name_of(steps: int, again: int = 0) -> str:
    """A checkpoint's name, by the steps done and how many there were of that step before."""
    return f"step-{steps:09d}" + (f".{again}" if again else "")


def order_of(path: Path) -> tuple[int, int]:
    """What checkpoints are sorted by: the steps done, and which one of that step."""
    name = _NAME.fullmatch(path.name)
    return (int(name[1]), int(name[2] or 0)) if name else (-1, 0)


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first; never by their dates, as clocks may be wrong."""
    if not folder.is_dir():
        return []
    checkpoints = (path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    return sorted(filter(Path.is_dir, checkpoints), key=order_of)


def checkpoint_of(folder: Path, steps: int) -> Path | None:
    """The newest checkpoint of so many steps; None if there is none."""
    return next((p for p in reversed(list_checkpoints(folder)) if order_of(p)[0] == steps), None)


def point(folder: Path, pointer: str, checkpoint: Path) -> None:
    """Let `latest` or `best` name a checkpoint."""
    write_text(folder / pointer, _line(checkpoint))


def pointed(folder: Path, pointer: str) -> Path | None:
    """The checkpoint that a pointer names; None if it is missing, damaged or out of date."""
    try:
        content = (folder / pointer).read_bytes()
        checkpoint = folder / content.decode("ascii").split(" ")[0]
        if _NAME.fullmatch(checkpoint.name) and _line(checkpoint).encode() == content:
            return checkpoint
    except (OSError, ValueError):
        pass
    return None


def _line(checkpoint: Path) -> str:
    """A pointer's text; the SHA-256 tells one name that a flipped bit turned into another."""
    return f"{checkpoint.name} {describe_file(checkpoint / MANIFEST).sha256}\n"
