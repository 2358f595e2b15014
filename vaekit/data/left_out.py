"""What of a folder isn't taken, or taken otherwise than it lies there, said to the user."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from vaekit.errors import VaekitWarning
from vaekit.untrusted.reading import shown

_NAMED = 5  # of each kind


class LeftOut:
    """The files and folders beneath `root` that aren't taken, and why.

    files: no images, by name and content. hidden: hidden, or what systems leave behind.
    empty: folders without images. again: links to folders that are read anyway.
    unused: folders of images that aren't read, with how many they hold.
    pages: files of which only the first picture is taken.
    by_content: images that aren't named as such. classless: two of the images, of which one lies
    beside the folder of the other, so that none has a class.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[Path] = []
        self.hidden: list[Path] = []
        self.empty: list[Path] = []
        self.again: list[Path] = []
        self.unused: dict[Path, int] = {}
        self.pages: list[Path] = []
        self.by_content: list[Path] = []
        self.classless: tuple[Path, Path] | None = None

    def warn(self, skipped: dict[str, str]) -> None:
        """Say it all, each kind of it in a `VaekitWarning`; none where there is nothing to say.

        skipped: files that can't be read, by name, with the reasons.
        """
        parts = [f"{count} images in {self._name(path)}" for path, count in self.unused.items()]
        if skipped:
            bad = _some(f"{name}: {reason}" for name, reason in skipped.items())
            parts.append(f"{_count(skipped, 'file')} that can't be read as an image ({bad})")
        for paths, noun, why in (
            (self.files, "file", " that vaekit doesn't read as an image"),
            (self.hidden, "hidden item", ""),
            (self.empty, "folder", " without images"),
            (self.again, "link", " to what is read anyway"),
        ):
            if paths:
                parts.append(f"{_count(paths, noun)}{why} ({self._list(paths)})")
        if self.pages:
            count = _count(self.pages, "file")
            parts.append(f"all but the first picture of {count} ({self._list(self.pages)})")
        if parts:
            self._say(f"Left out of {self.root}: {'; '.join(parts)}.")
        if self.by_content:
            names = self._list(self.by_content)
            self._say(
                f"{_count(self.by_content, 'file')} of {self.root} taken as an image by content, "
                f"not by name ({names})."
            )
        if self.classless:
            loose, other = map(self._name, self.classless)
            self._say(
                f"The images of {self.root} have no classes, since some lie beside its folders of "
                f"images ({loose} and {other})."
            )

    def contents(self) -> str:
        """What is there instead of images, a sentence."""
        parts = []
        if self.files:
            kinds = Counter(path.suffix.lower() or "without a suffix" for path in self.files)
            counts = _some(f"{count} {kind}" for kind, count in kinds.most_common())
            parts.append(f"{_count(self.files, 'file')} ({counts}): {self._list(self.files)}")
        if self.hidden:
            parts.append(f"{_count(self.hidden, 'hidden item')}: {self._list(self.hidden)}")
        if self.empty:
            parts.append(f"{_count(self.empty, 'folder')} without images: {self._list(self.empty)}")
        return f"{self.root} holds {'; '.join(parts) or 'nothing'}."

    def _say(self, text: str) -> None:
        warnings.warn(text, VaekitWarning, stacklevel=3)

    def _name(self, path: Path) -> str:
        return shown(path.relative_to(self.root) if path != self.root else path)

    def _list(self, paths: list[Path]) -> str:
        return _some(map(self._name, sorted(paths)))


def _some(texts: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    every = list(texts)
    more = [f"and {len(every) - _NAMED} more"] if len(every) > _NAMED else []
    return ", ".join([*every[:_NAMED], *more])


def _count(things: list[Path] | dict[str, str], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
