"""Any source, by name, by path or as arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaekit import plugins
from vaekit.config import Resize
from vaekit.data.arrays import as_dataset
from vaekit.data.budget import Budget
from vaekit.data.check import checked
from vaekit.data.read import read_images
from vaekit.data.read_options import ReadOptions
from vaekit.data.scale import Scale
from vaekit.data.transform import transformed
from vaekit.errors import DataError, OptionError, UnknownNameError, VaekitError, closest
from vaekit.options import check_options, resolved_options
from vaekit.registry import Component
from vaekit.types import Dataset
from vaekit.untrusted.reading import reading


def load_data(
    source: Any,
    *,
    image_size: int | str | tuple[int, int] | None = None,
    resize: Resize | None = None,
    gray: bool = False,
    skip_bad: bool = False,
    budget: Budget | None = None,
    scale: Scale | None = None,
    options: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Dataset:
    """The data set that `source` names, holds or leads to.

    source: a registered name, a path that `read_images` takes, or arrays that `as_dataset` takes.
    A text is a path if it has a separator or a `::`; otherwise a registered name wins.
    image_size: height and width to bring the images to: 64, "64x48" or (64, 48).
    resize: how: "crop" (the centre, never enlarged), "pad" (with black) or "stretch"; None crops
        image files, enlarging small ones, and stretches arrays.
    gray: make colour images grey.
    skip_bad: go on without the files of a folder that can't be read; `skipped` then names them.
    budget: images of a path that are more stay where they are, and are read as they are needed;
        None: all are read.
    scale: which value of each type is white, as a run recorded it; None: the images say.
    options: those of a registered data set, by name.
    progress: show on standard error how far the reading of a folder has come.

    Raises `UnknownNameError` for a text that is neither name nor path, `DataError` for what can't
    be read as images, `OptionError` for options that the source doesn't take,
    `DataUnavailableError` for a named set that is neither cached nor reachable.
    """
    asked = ReadOptions.checked(
        image_size=image_size,
        resize=resize,
        gray=gray,
        skip_bad=skip_bad,
        budget=budget,
        progress=progress,
    )
    if not isinstance(source, (str, os.PathLike)):
        _refuse_options(options, "arrays")
        return transformed(as_dataset(source, scale=scale), asked)
    text = os.fspath(source)
    registry = plugins.discover().registry
    separators = [s for s in (os.sep, os.altsep, "::") if s]
    if isinstance(source, str) and not any(s in text for s in separators):
        names = registry.names("dataset")
        if text.partition("@")[0] in names:
            part = registry.get("dataset", text)
            return transformed(_build(part, text, options or {}, scale), asked)
        with reading(text, "data"):
            exists = bool(text) and Path(text).exists()
        if not exists:
            registry.refuse_broken("dataset", text, text.partition("@")[2])
            raise UnknownNameError(
                f"There is no data set {text!r}, nor a file or folder of that name. "
                f"{closest(text, names)}{registry.missing()}"
            )
    _refuse_options(options, f"the path {text}")
    return read_images(text, scale=scale, **asked._asdict())


def _refuse_options(options: Mapping[str, Any] | None, source: str) -> None:
    if options:
        raise OptionError(
            f"Only registered data sets take options, not {source}: drop {', '.join(options)}."
        )


def _build(part: Component, name: str, options: Mapping[str, Any], scale: Scale | None) -> Dataset:
    """The data set of a plugin, checked as any other source."""
    # One without options needn't have a signature that can be read.
    arguments = resolved_options(part, check_options(part, options)) if options else {}
    of = f"The data set {part.name!r} of {part.distribution} {part.version}"
    try:
        dataset = part.load()(**arguments)
        if not isinstance(dataset, Dataset):
            raise TypeError(f"it gave a {type(dataset).__name__}, not a vaekit.Dataset")
        return checked(dataset._replace(source=name), scale)
    except VaekitError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{of} failed: {reason}. Tell its author.") from error
