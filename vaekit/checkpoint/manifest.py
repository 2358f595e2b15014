"""A list of files with their sizes and SHA-256, which tells of itself whether it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

MANIFEST = "manifest.json"


class Entry(NamedTuple):
    """What a file has to be: its SHA-256 in hexadecimal, and its length in bytes."""

    sha256: str
    size: int


class Damage(NamedTuple):
    """A file that is not what was written, and what is wrong with it."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} is damaged: {self.reason}"


def describe_bytes(content: bytes) -> Entry:
    """The entry of a file with this content."""
    return Entry(hashlib.sha256(content).hexdigest(), len(content))


def describe_file(path: Path) -> Entry:
    """The entry of a file as it is now, read piece by piece."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Entry(digest.hexdigest(), file.tell())


def difference(written: Entry, now: Entry) -> str | None:
    """What is wrong with a file that is `now` what was `written` once; None if nothing is."""
    if now.size != written.size:
        return f"it has {now.size} bytes and had {written.size}."
    if now.sha256 != written.sha256:
        return "its SHA-256 is not what it was."
    return None


def render_manifest(entries: Mapping[str, Entry]) -> str:
    """The text of `manifest.json`: names with their entries, and a SHA-256 of those."""
    files = {name: entries[name]._asdict() for name in sorted(entries)}
    return json.dumps({"format": 1, "files": files, "sha256": _digest(files)}, indent=2) + "\n"


def parse_manifest(content: bytes) -> dict[str, Entry]:
    """The entries of a manifest's bytes. Raises `ValueError` if a single bit of it is changed."""
    try:
        files = json.loads(content)["files"]
        entries = {str(name): Entry(**entry) for name, entry in files.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("it is no manifest any more.") from None
    # Compared as a text, so that what JSON doesn't see counts too.
    if render_manifest(entries).encode() != content:
        raise ValueError("its own SHA-256 is not what it was.")
    return entries


def _digest(files: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()
