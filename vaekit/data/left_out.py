"""What of a folder of images isn't taken, said to the user."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

from vaekit.errors import VaekitWarning

_NAMED = 5  # of each kind


class LeftOut:
    """The files and folders beneath `root` that aren't taken, and why.

    files: no images by their names. empty: folders without images. skipped: folders that are
    hidden, or links. unused: folders of images that aren't read, with how many they hold.
    pages: files of which only the first picture is taken.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[Path] = []
        self.empty: list[Path] = []
        self.unused: dict[Path, int] = {}
        self.skipped: list[Path] = []
        self.pages: list[Path] = []

    def warn(self) -> None:
        """Name it all in a `VaekitWarning`; none if there is nothing."""
        parts = [f"{count} images in {self._name(path)}" for path, count in self.unused.items()]
        for paths, noun, why in (
            (self.files, "file", " that vaekit doesn't read as an image"),
            (self.empty, "folder", " without images"),
            (self.skipped, "folder", ", hidden or a link"),
        ):
            if paths:
                parts.append(f"{_count(paths, noun)}{why} ({self._list(paths)})")
        if self.pages:
            count = _count(self.pages, "file")
            parts.append(f"all but the first picture of {count} ({self._list(self.pages)})")
        if parts:
            warnings.warn(
                f"Left out of {self.root}: {'; '.join(parts)}.", VaekitWarning, stacklevel=2
            )

    def contents(self) -> str:
        """What is there instead of images, a sentence."""
        parts = []
        if self.files:
            kinds = Counter(path.suffix.lower() or "without a suffix" for path in self.files)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_NAMED))
            parts.append(f"{_count(self.files, 'file')} ({counts}): {self._list(self.files)}")
        if self.empty:
            parts.append(f"{_count(self.empty, 'folder')} without images: {self._list(self.empty)}")
        return f"{self.root} holds {'; '.join(parts) or 'nothing'}."

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path != self.root else str(path)

    def _list(self, paths: list[Path]) -> str:
        more = [f"and {len(paths) - _NAMED} more"] if len(paths) > _NAMED else []
        return ", ".join([*map(self._name, sorted(paths)[:_NAMED]), *more])


def _count(paths: list[Path], noun: str) -> str:
    return f"{len(paths)} {noun}{'' if len(paths) == 1 else 's'}"
