"""Weights of trained classifiers, kept in the user's cache by what they were trained on."""

from __future__ import annotations

import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import vaekit


def kept_weights(
    name: str, like: Sequence[np.ndarray], train: Callable[[], list[np.ndarray]]
) -> list[np.ndarray]:
    """The weights kept under a name or, where there are none of these shapes, those of `train`.

    They are in `$XDG_CACHE_HOME/vaekit/classifiers` (`~/.cache/vaekit/classifiers`). A folder that
    can't be written keeps none, and a warning says so.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = home / "vaekit" / "classifiers" / f"{name}.npz"
    weights = _read(path)
    if weights is None or [w.shape for w in weights] != [w.shape for w in like]:
        weights = train()
        try:
            _write(path, weights)
        except OSError as error:
            warnings.warn(
                f"The classifier of the features isn't kept for the next time: can't write {path}: "
                f"{error.strerror or error}.",
                vaekit.VaekitWarning,
                stacklevel=2,
            )
    return weights


def _read(path: Path) -> list[np.ndarray] | None:
    """The weights in their order; None where there is no such file, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[f"{n:03d}"] for n in range(len(file.files))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, weights: Sequence[np.ndarray]) -> None:
    """Write aside and rename, so that no other process reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".writing", delete=False) as file:
        try:
            np.savez(file, **{f"{n:03d}": weight for n, weight in enumerate(weights)})
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
