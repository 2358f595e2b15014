"""The image files of a folder, by split and class.

A file is an image by its suffix, in capitals or not, or else by its first bytes. A symbolic link
is what it leads to, file or folder; but each folder is read once, so that circles end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vaekit.data.bad_files import BadFiles
from vaekit.data.left_out import LeftOut
from vaekit.errors import DataError
from vaekit.untrusted.images import SUFFIXES, looks_like_image
from vaekit.untrusted.reading import shown

Listing = list[tuple[Path, str | None]]  # each file with its class; None without classes

_TRAIN = ("train", "training")
# The first that is there is the test set.
_TEST = ("test", "testing", "valid", "val", "validation", "dev")
# What systems leave in folders; nobody means it to be data.
_LITTER = ("thumbs.db", "desktop.ini", "__macosx")


def split_folders(folder: Path, left_out: LeftOut) -> dict[str, Path]:
    """The folder of each split, `train` and perhaps `test`; `folder` itself if it isn't split.

    Raises `DataError` if only some of what lies there is a split, or there is none to train on.
    """
    content = _content(folder)
    named_so = [path for path in content.folders if path.name.lower() in _TRAIN + _TEST]
    if not named_so:
        return {"train": folder}
    named = " and ".join(path.name for path in named_so)
    train = [path for path in named_so if path.name.lower() in _TRAIN]
    tests = sorted(
        (path for path in named_so if path not in train),
        key=lambda path: _TEST.index(path.name.lower()),
    )
    if not train:
        raise DataError(
            f"The folder {folder} holds {named}, but nothing to train on. Name the folder of the "
            f"training images train, or give one alone, as {named_so[0]}; if {named} is a class, "
            "give it another name."
        )
    if len(train) > 1:
        raise DataError(
            f"The folder {folder} holds two folders to train on, {train[0].name} and "
            f"{train[1].name}. Keep one."
        )
    if any(_is_image(path) for path in content.files):
        raise DataError(
            f"The folder {folder} holds images beside {named}. Move them into one of the splits."
        )
    for path in content.folders:
        if path in named_so:
            continue
        count = _count(path)
        if count:
            raise DataError(
                f"The folder {shown(path)} holds {count} images, but lies beside {named}, and is "
                f"no split that vaekit knows. Name it as one ({', '.join(_TRAIN + _TEST)}), or "
                f"move it away; if {named} is a class, give it another name."
            )
        left_out.empty.append(path)
    left_out.hidden += content.hidden
    left_out.files += content.files
    left_out.unused = {path: _count(path) for path in tests[1:]}
    return {"train": train[0]} | ({"test": tests[0]} if tests else {})


def list_images(folder: Path, left_out: LeftOut, bad: BadFiles) -> Listing:
    """The images of a folder, or of its sub-folders, which then are the classes, in order.

    Where images lie beside such sub-folders, none has a class. What can't be looked into is `bad`.
    """
    walk = _Walk(folder, left_out, bad)
    loose, subfolders = walk.enter(folder)
    _refuse_splits(folder, subfolders)
    by_class: Listing = []
    for subfolder in subfolders:
        files = list(walk.below(subfolder))
        if not files and subfolder not in bad:
            left_out.empty.append(subfolder)
        by_class += [(path, shown(subfolder.name)) for path in files]
    if loose and by_class:
        left_out.classless = loose[0], by_class[0][0]
        return [(path, None) for path in [*loose, *(path for path, _ in by_class)]]
    return [(path, None) for path in loose] or by_class


class _Walk:
    """Goes through the images below `root`, notes what isn't taken, and enters no folder twice."""

    def __init__(self, root: Path, left_out: LeftOut, bad: BadFiles) -> None:
        self._root = root.resolve()
        self._left_out = left_out
        self._bad = bad
        self._entered: set[Path] = set()

    def enter(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The images in a folder, and the folders in it that are to be entered."""
        self._entered.add(folder.resolve())
        try:
            content = _content(folder)
        except OSError as error:
            self._bad.add(folder, f"this folder can't be looked into: {error.strerror}")
            return [], []
        images = [path for path in content.files if _is_image(path)]
        self._left_out.hidden += content.hidden
        self._left_out.files += sorted(set(content.files).difference(images))
        self._left_out.by_content += [path for path in images if not _is_named_as_image(path)]
        again = [path for path in content.folders if self._is_read_anyway(path)]
        self._left_out.again += again
        return images, [path for path in content.folders if path not in again]

    def below(self, folder: Path) -> Iterator[Path]:
        """The images of a class, at any depth.

        Raises `DataError` where splits lie in it: some of them may not be trained on.
        """
        images, subfolders = self.enter(folder)
        _refuse_splits(folder, subfolders)
        yield from images
        for subfolder in subfolders:
            # Until its turn comes, a link beside it may have led there.
            if subfolder.resolve() in self._entered:
                self._left_out.again.append(subfolder)
            else:
                yield from self.below(subfolder)

    def _is_read_anyway(self, folder: Path) -> bool:
        """Whether a folder is a link to one that was entered, or will be without it."""
        if not folder.is_symlink():
            return False
        target = folder.resolve()
        if target in self._entered:
            return True
        if not target.is_relative_to(self._root):
            return False
        return not any(map(_is_hidden, target.relative_to(self._root).parts))


class _Content(NamedTuple):
    """What lies in a folder, in order; a link is as what it leads to."""

    files: list[Path]
    folders: list[Path]
    hidden: list[Path]


def _content(folder: Path) -> _Content:
    content = _Content([], [], [])
    for path in sorted(folder.iterdir()):
        if _is_hidden(path.name):
            content.hidden.append(path)
        elif os.path.isdir(path):
            content.folders.append(path)
        else:
            content.files.append(path)
    return content


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _count(folder: Path) -> int:
    walk = _Walk(folder, LeftOut(folder), BadFiles(folder))
    return sum(1 for _ in walk.below(folder))


def _refuse_splits(folder: Path, subfolders: list[Path]) -> None:
    """Raise `DataError` if a folder within what was given is split itself."""
    splits = [path.name for path in subfolders if path.name.lower() in _TRAIN + _TEST]
    if any(name.lower() in _TRAIN for name in splits) and len(splits) > 1:
        raise DataError(
            f"The folder {folder} holds the splits {' and '.join(splits)}, which would be "
            f"mixed in one class. Give {folder} itself, or move them to the top, with the classes "
            "inside them."
        )


def _is_named_as_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _is_image(path: Path) -> bool:
    return _is_named_as_image(path) or looks_like_image(path)
