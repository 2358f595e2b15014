"""Which files of a folder are its images, of which split and class, and what is left out."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from vaekit.errors import DataError, VaekitWarning
from vaekit.untrusted.images import SUFFIXES

TRAIN = ("train", "training")
TEST = ("test", "testing")
VALIDATION = ("validation", "valid", "val", "dev")
_SPLITS = {*TRAIN, *TEST, *VALIDATION}
_SYSTEM = ("__macosx",)  # what archivers leave beside the real files

Files = list[tuple[Path, str | None]]  # each with its class, None where there are no classes


class Listing(NamedTuple):
    """The images of a folder in the order in which they are numbered; `test` is None without."""

    train: Files
    test: Files | None


def list_images(folder: Path) -> Listing | None:
    """The images of a folder, by split and class; None if it holds none and nothing else either.

    Sub-folders `train` (or `training`) and `test` (`testing`) are the splits, or a validation
    folder where there is no test folder. In the folder, or in each split, sub-folders are classes
    with all images below them. Warns (`VaekitWarning`) of what is left out, with numbers and names.

    Raises `DataError` where a folder may be either a split or a class, where a split has no
    images, and where images lie beside folders of images.
    """
    splits, passed_over = _splits(folder)
    files = {split: _Walk(path) for split, path in splits.items()}
    for split, walk in files.items():
        if not walk.images and (split != "train" or len(splits) > 1 or walk.others):
            raise DataError(f"The folder {walk.folder} holds no images{_contents(walk)}")
    if not files["train"].images:
        return None
    listed = {split: _classes(walk) for split, walk in files.items()}
    _warn_of_left_out(files.values(), passed_over)
    return Listing(listed["train"], listed.get("test"))


class _Walk:
    """All that lies below a folder, hidden files and folders aside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: list[Path] = []
        self.others: list[Path] = []
        self.empty: list[Path] = []  # folders without images in or below them
        seen: set[str] = set()
        for name, folders, files in os.walk(folder, followlinks=True):
            real = os.path.realpath(name)
            folders[:] = sorted(f for f in folders if _counts(f)) if real not in seen else []
            if real in seen:  # a link that leads back up
                continue
            seen.add(real)
            place = Path(name)
            for file in sorted(filter(_counts, files)):
                path = place / file
                of_images = path.suffix.lower() in SUFFIXES and path.is_file()
                (self.images if of_images else self.others).append(path)
        self.images.sort(key=lambda path: path.relative_to(folder).parts)
        holding = {parent for path in self.images for parent in path.parents}
        self.empty = [path for path in subfolders(folder) if path not in holding]


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; hidden ones and archivers' litter are passed over."""
    return sorted(path for path in folder.iterdir() if _counts(path.name) and path.is_dir())


def _counts(name: str) -> bool:
    """Whether a name is no hidden one (macOS leaves `._a.png` beside `a.png`)."""
    return not name.startswith(".") and name.lower() not in _SYSTEM


def _splits(folder: Path) -> tuple[dict[str, Path], list[Path]]:
    """The folder of each split, and split folders that aren't used; `train` alone if unsplit."""
    named = [path for path in subfolders(folder) if path.name.lower() in _SPLITS]
    named.sort(key=lambda path: path.name.lower() not in TRAIN)
    strangers = [path for path in subfolders(folder) if path not in named and _Walk(path).images]
    if not named:
        return {"train": folder}, []
    if strangers:
        raise DataError(
            f"The folder {folder} holds {strangers[0].name!r} beside {named[0].name!r}: is "
            f"{named[0].name!r} a split or a class? Splits are called {', '.join(TRAIN)}; "
            f"{', '.join(TEST)}; {', '.join(VALIDATION)}. Move {strangers[0].name!r} out or into "
            f"one of them, or rename {named[0].name!r} if it is a class."
        )
    chosen: dict[str, Path] = {}
    for split, names in (("train", TRAIN), ("test", TEST), ("validation", VALIDATION)):
        alike = [path for path in named if path.name.lower() in names]
        if len(alike) > 1:
            raise DataError(
                f"The folder {folder} holds {alike[0].name!r} and {alike[1].name!r}, which mean "
                "the same. Keep one of them."
            )
        if alike:
            chosen[split] = alike[0]
    if "train" not in chosen:
        raise DataError(
            f"The folder {folder} holds {named[0].name!r} and no {TRAIN[0]!r}: which images are to "
            f"be trained on? Call their folder {TRAIN[0]!r}, or name it as the data."
        )
    validation = chosen.pop("validation", None)
    if validation is not None and "test" in chosen:
        return chosen, [validation]
    return chosen | ({"test": validation} if validation is not None else {}), []


def _classes(walk: _Walk) -> Files:
    """Each image with the sub-folder of the split that it lies in or below."""
    nested = [path for path in walk.images if path.parent != walk.folder]
    if nested and len(nested) < len(walk.images):
        loose = next(path for path in walk.images if path.parent == walk.folder)
        name = nested[0].relative_to(walk.folder).parts[0]
        raise DataError(
            f"The folder {walk.folder} holds images beside sub-folders of images "
            f"({loose.name} and {name}). Keep either."
        )
    files: Files = []
    for path in walk.images:
        *folders, _ = path.relative_to(walk.folder).parts
        below = [name for name in folders if name.lower() in _SPLITS]
        if below:
            raise DataError(
                f"{path} lies below {below[0]!r}, which is called as a split is. Name the folder "
                f"that holds the splits as the data, or rename {below[0]!r} if it is a class."
            )
        files.append((path, folders[0] if folders else None))
    return files


def _contents(walk: _Walk) -> str:
    """What a folder without images holds, as the end of a sentence and what to do."""
    kinds = Counter(path.suffix.lower() or "without an ending" for path in walk.others)
    held = [f"{count} {kind}" for kind, count in kinds.most_common(5)]
    held += [f"the folder {path.name}" for path in walk.empty[:5]]
    listed = f" that vaekit reads; it holds {', '.join(held)}" if held else ""
    return f"{listed}. vaekit reads {', '.join(SUFFIXES)}. Put some into it."


def _warn_of_left_out(walks: Iterable[_Walk], passed_over: list[Path]) -> None:
    left_out = []
    for walk in walks:
        if walk.others:
            kinds = Counter(path.suffix.lower() or "without an ending" for path in walk.others)
            listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            left_out.append(f"{listed} in {walk.folder} ({some_names(walk.others)})")
        if walk.empty:
            left_out.append(f"folders without images in {walk.folder} ({some_names(walk.empty)})")
    for path in passed_over:
        left_out.append(f"{path}, {len(_Walk(path).images)} images, since there is a test folder")
    if left_out:
        warnings.warn(f"Left out: {'; '.join(left_out)}.", VaekitWarning, stacklevel=2)


def some_names(paths: list[Path]) -> str:
    """The first few of these files, by name."""
    names = ", ".join(path.name for path in paths[:3])
    return f"{names}, ..." if len(paths) > 3 else names
