"""Writing a folder whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from vaekit.errors import UserError, from_os_error


def write_folder(target: Path, files: Mapping[PurePosixPath, str]) -> None:
    """Make the folder `target` of these files: beside its place, then renamed.

    Raises `UserError` if there is something already, nowhere to make it, or no right or room to.
    """
    if os.path.lexists(target):
        raise UserError(f"{target} is there already: choose another name, or another --out.")
    if not target.parent.is_dir():
        raise UserError(f"There is no folder {target.parent} to make {target.name} in.")
    aside = target.with_name(f".writing-{os.getpid()}-{target.name}")
    try:
        for path, text in files.items():
            file = aside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        aside.rename(target)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        mended = from_os_error(error, target)
        if mended is not None:
            raise mended from error
        raise
