"""The form of a result file, the same for the kit alone and for the kit among its peers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vaekit.atomic import write_text
from vaekit.benchmark.form import FORMAT, ResultForm
from vaekit.errors import UserError, from_os_error

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


def refuse_unwritable(path: Path) -> None:
    """Raise what `write_result` would, before anything is measured; leaves nothing behind."""
    _refuse_no_folder(path)
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise UserError(f"{path} is there already and is no file. Choose another name.")
        # Beside the file and named like it, since that is how it will be written.
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", suffix=target.name):
            pass
    except OSError as error:
        raise from_os_error(error, path) or error from None


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON. Raises `RunError` if `path` can't be written."""
    _refuse_no_folder(path)
    write_text(path, json.dumps(result, indent=2) + "\n")


def read_result(path: Path, form: type[BaseModel] = ResultForm) -> Result:
    """A result file. Raises `UserError` if it can't be read or doesn't have this form."""
    try:
        text = path.read_text("utf-8")
        result: Result = json.loads(text)
    except OSError as error:
        raise UserError(f"Can't read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError):  # of brackets within brackets, however many
        raise UserError(f"{path} is not JSON.") from None
    try:
        form.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        wrong = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{path} is not a result of vaekit's benchmarks that this version can read: "
            f"{f'{place}: ' if place else ''}{wrong[0].lower()}{wrong[1:]}. Measure it again."
        ) from None
    return result


def _refuse_no_folder(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise UserError(f"There is no folder {path.parent} to write {path.name} to.")


def _git(folder: Path, *args: str) -> str | None:
    try:
        result = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True)
    except OSError:  # no git here
        return None
    return result.stdout.strip() or None
