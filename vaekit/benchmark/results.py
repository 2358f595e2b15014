"""The form of a result file, the same for the kit alone and for the kit among its peers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vaekit.atomic import write_text
from vaekit.errors import UserError

FORMAT = 1

Result = dict[str, Any]


def measurement(
    what: str, unit: str, values: Sequence[float], *, better: str = "higher", **more: Any
) -> dict[str, Any]:
    """One measured thing: its values, their median and range, and what else is known of it.

    better: `higher` or `lower`.
    """
    return {
        "what": what,
        **more,
        "unit": unit,
        "better": better,
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "values": list(values),
    }


def heading(kind: str) -> Result:
    """How every result file begins: what it is, when it was made and of which commit."""
    return {
        "format": FORMAT,
        "kind": kind,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }


def data_name(source: str | None) -> str:
    """What a result says of its images: where they lie is nobody else's business."""
    return Path(source).name if source else "random images"


def commit() -> str | None:
    """The git commit of this code, with `-dirty` after it if files were changed since.

    `VAEKIT_COMMIT` says it where the code travelled without its history. None where the code runs
    from no checkout, nor from within one of vaekit's own.
    """
    if os.environ.get("VAEKIT_COMMIT"):
        return os.environ["VAEKIT_COMMIT"]
    for folder in (Path(__file__).parent, Path.cwd()):
        top = _git(folder, "rev-parse", "--show-toplevel")
        if top and (Path(top) / "vaekit" / "hookspecs.py").is_file():
            return _git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return None


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON. Raises `RunError` if `path` can't be written."""
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent} to write {path.name} to.")
    write_text(path, json.dumps(result, indent=2) + "\n")


def read_result(path: Path) -> Result:
    """A result file. Raises `UserError` if it can't be read or is none."""
    try:
        result = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"Can't read {path}: {error.strerror}.") from None
    except ValueError:
        raise UserError(f"{path} is not JSON.") from None
    whole = isinstance(result, dict) and result.get("format") == FORMAT
    if not whole or not isinstance(result.get("measurements"), list):
        raise UserError(
            f"{path} is not a result of vaekit's benchmarks that this version can read."
        )
    return result


def _git(folder: Path, *args: str) -> str | None:
    try:
        done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True)
    except OSError:  # no git here
        return None
    return done.stdout.strip() or None
