"""The image files of a folder, by split and class; nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vaekit.data.left_out import LeftOut
from vaekit.errors import DataError
from vaekit.untrusted.images import SUFFIXES

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
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and not _is_hidden(path)]
    named_so = [path for path in inside if path.name.lower() in _TRAIN + _TEST]
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
    if any(_is_image(path) for path in folder.iterdir()):
        raise DataError(
            f"The folder {folder} holds images beside {named}. Move them into one of the splits."
        )
    for path in _subfolders(folder, left_out):
        if path in named_so:
            continue
        count = _count(path)
        if count:
            raise DataError(
                f"The folder {path} holds {count} images, but lies beside {named}, and is no split "
                f"that vaekit knows. Name it as one ({', '.join(_TRAIN + _TEST)}), or move it "
                f"away; if {named} is a class, give it another name."
            )
        left_out.empty.append(path)
    left_out.unused = {path: _count(path) for path in tests[1:]}
    left_out.files += [path for path in folder.iterdir() if _is_other(path)]
    return {"train": train[0]} | ({"test": tests[0]} if tests else {})


def list_images(folder: Path, left_out: LeftOut) -> Listing:
    """The images of a folder, or of its sub-folders, which then are the classes, in order."""
    left_out.files += [path for path in folder.iterdir() if _is_other(path)]
    loose: Listing = [(path, None) for path in sorted(folder.iterdir()) if _is_image(path)]
    by_class: Listing = []
    subfolders = _subfolders(folder, left_out)
    _refuse_splits(folder, [path.name for path in subfolders])
    for subfolder in subfolders:
        files = [(path, subfolder.name) for path in _images_below(subfolder, left_out)]
        if not files:
            left_out.empty.append(subfolder)
        by_class += files
    if loose and by_class:
        raise DataError(
            f"The folder {folder} holds images beside sub-folders of images "
            f"({loose[0][0].name} and {by_class[0][1]}). Keep either."
        )
    return loose or by_class


def _subfolders(folder: Path, left_out: LeftOut) -> list[Path]:
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    left_out.skipped += [path for path in folders if _is_hidden(path)]
    return [path for path in folders if not _is_hidden(path)]


def _images_below(folder: Path, left_out: LeftOut) -> Iterator[Path]:
    """The images of a class, at any depth.

    Raises `DataError` where splits lie in it: some of them may not be trained on.
    """
    for top, names, files in os.walk(folder, onerror=_raise):
        names.sort()
        here = Path(top)
        _refuse_splits(here, names)
        for path in [here / name for name in names]:
            if _is_hidden(path) or path.is_symlink():  # a link may lead round in a circle
                names.remove(path.name)
                left_out.skipped.append(path)
        for path in sorted(here / name for name in files):
            if _is_image(path):
                yield path
            elif _is_other(path):
                left_out.files.append(path)


def _count(folder: Path) -> int:
    return sum(1 for _ in _images_below(folder, LeftOut(folder)))


def _refuse_splits(folder: Path, names: list[str]) -> None:
    """Raise `DataError` if a folder within what was given is split itself."""
    splits = [name for name in names if name.lower() in _TRAIN + _TEST]
    if any(name.lower() in _TRAIN for name in splits) and len(splits) > 1:
        raise DataError(
            f"The folder {folder} holds the splits {' and '.join(sorted(splits))}, which would be "
            f"mixed in one class. Give {folder} itself, or move them to the top, with the classes "
            "inside them."
        )


def _raise(error: OSError) -> None:
    raise error


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _LITTER


def _is_image(path: Path) -> bool:
    """Whether a file is named as an image; macOS leaves `._a.png` beside `a.png`."""
    return path.suffix.lower() in SUFFIXES and not _is_hidden(path) and path.is_file()


def _is_other(path: Path) -> bool:
    """Whether a file is none of these, and somebody may have meant it to be."""
    return not _is_hidden(path) and not path.is_dir() and not _is_image(path)
