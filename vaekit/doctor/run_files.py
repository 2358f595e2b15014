"""Whether a run directory is whole."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike

from vaekit.checkpoint import MANIFEST, Damage, latest_checkpoint, whole_before
from vaekit.doctor.environment import Finding
from vaekit.run import RunDirectory, verify_run
from vaekit.wording import resume_text


def examine_run(path: str | PathLike[str]) -> Iterator[Finding]:
    """A finding for each file of a run that is damaged, or one that says that it is whole.

    Raises `RunError` if there is no run.
    """
    damages = verify_run(path)
    if not damages:
        yield Finding("run", str(path), "ok", "every file is what was written")
    directory = RunDirectory(path)
    for damage in damages:
        remedy = _remedy(directory, damage)
        yield Finding("run", str(damage.path), "broken", damage.reason.removesuffix("."), remedy)


def _remedy(directory: RunDirectory, damage: Damage) -> str:
    folder = damage.path.parent
    if folder == directory.checkpoints:
        return "delete it: the newest checkpoint then counts"
    if folder.parent == directory.checkpoints:
        if folder != latest_checkpoint(directory.checkpoints):
            return "delete its folder: resuming needs the newest only"
        older = whole_before(folder)
        if older is None:
            return "there is no whole checkpoint before it"
        return f"{resume_text(directory.path, older.name)} goes on from the one before"
    if folder.parent == directory.diverged:
        return "nothing but vaekit debug-step needs it"
    return f"restore it; if you changed it on purpose, delete {directory.path / MANIFEST}"
