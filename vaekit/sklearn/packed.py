"""The files of a run directory as bytes, and a directory of them again."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from vaekit.errors import RunError


def packed(folder: Path) -> bytes:
    """All files below a folder, as a zip archive that packs nothing: weights don't get smaller."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write what `packed` gave into an empty folder.

    Raises `RunError` for anything else: names that lead out of the folder, members that would be
    more than their bytes, an archive that is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                path = PurePosixPath(member.filename)
                within = not path.is_absolute() and ".." not in path.parts
                if not within or "\\" in member.filename:
                    raise RunError(f"The estimator's run has a file {member.filename!r}.")
                if member.compress_type != zipfile.ZIP_STORED:
                    raise RunError(f"{member.filename} of the estimator's run is packed.")
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise RunError(f"The run of the estimator can't be restored: {error}.") from error
