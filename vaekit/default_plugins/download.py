"""Files of data sets: fetched once, checked by their hash, kept.

They are kept where Keras keeps its own (`~/.keras/datasets`, or `$KERAS_HOME/datasets`), so that
none is fetched twice. Keras's downloader isn't used: it waits without end for a silent network,
writes to standard output, and deletes a cached file that it can't replace.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import shutil
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

import vaekit

PATIENCE = 5.0  # seconds until the network answers, and that it may stay silent after that


def cached(dataset: str, name: str, sha256: str, url: str, *, instead: str) -> Path:
    """The file `name` in Keras's cache, fetched if it isn't there or isn't the published one.

    dataset: whose it is. sha256: the published file's, in hex digits. url: where it is fetched.
    instead: the name of a data set that needs no network.

    Raises `DataUnavailableError` if it can't be fetched; a cached file is then left as it is.
    """
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    path = Path(home).expanduser() / "datasets" / name
    state = "is not cached"
    try:
        if path.exists():
            if _sha256(path) == sha256:
                return path
            state = "is cached with another hash than the published one (damaged or changed)"
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, path, sha256)
    except (OSError, http.client.HTTPException) as error:
        reason = str(error).strip("<>")  # urllib brackets its own
        raise vaekit.DataUnavailableError(
            f"The data set {dataset!r} is not at hand: {path} {state}, and fetching it from {url} "
            f"failed: {reason}. Put the file there yourself, or use the data set {instead}."
        ) from error
    return path


def _download(url: str, path: Path, sha256: str) -> None:
    """Fetch a file beside its place, check it, then move it there: never half a file.

    Raises `OSError` if it can't be fetched or stored, or isn't the published one.
    """
    print(f"Downloading {url}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        with _open(url) as reply, part.open("wb") as out:
            shutil.copyfileobj(reply, out)
        if _sha256(part) != sha256:
            raise OSError("what came has another hash than the published file")
        part.replace(path)


def _open(url: str) -> Any:
    """The reply's stream.

    Raises `OSError` if none comes within `PATIENCE`. urllib's own timeout is for one address: the
    look-up of the name has none, and each of a name's many addresses has it anew.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=PATIENCE))
        except Exception as error:  # raised again where it can be caught
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="vaekit-download").start()
    try:
        answer = answers.get(timeout=PATIENCE)
    except queue.Empty:
        raise TimeoutError(f"timed out after {PATIENCE:g} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
