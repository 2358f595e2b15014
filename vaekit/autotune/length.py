"""How long a run is, told before its backend starts: in images, all epochs together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vaekit.config import TrainConfig
from vaekit.data import Budget, load_data
from vaekit.data.idx import find_idx
from vaekit.errors import VaekitError
from vaekit.plugins import discover
from vaekit.registry import KIT

# Minutes of the tutorial's nets on two cores, so that a measurement is a small part of them.
LONG = 100_000
_UNKNOWN = 60_000  # images of a data set whose number is seen only when it is read


def is_long(config: TrainConfig, data: Any) -> bool:
    """Whether a run has `LONG` images in all its epochs together.

    data: what the run is given instead of what `config.data` names; None where it isn't.

    Images are counted without reading them where that is possible, and only if it matters.
    """
    epochs = config.most_epochs
    most = LONG if config.limit is None else config.limit
    if epochs * most < LONG:
        return False
    return epochs * min(most, _count(config, data)) >= LONG


def _count(config: TrainConfig, data: Any) -> int:
    """How many images there are to train on, about."""
    if data is not None:
        return _length(data)
    if config.data is None:
        return _UNKNOWN
    path = Path(config.data).expanduser()
    try:
        if _is_named(config.data):
            part = discover().registry.get("dataset", config.data)
            # A stranger's may import Keras, which is too soon here.
            if part.distribution != KIT:
                return _UNKNOWN
        elif path.is_dir() and not find_idx(path):
            return sum(len(files) for _, _, files in os.walk(path))
        # What is larger than the budget stays in its file.
        loaded = load_data(config.data, budget=Budget(0), options=config.data_opt)
    except VaekitError:
        return 0  # the run says what is wrong
    return len(loaded.train.pixels)


def _is_named(source: str) -> bool:
    names = discover().registry.names("dataset")
    return os.sep not in source and source.partition("@")[0] in names


def _length(data: Any) -> int:
    """Of arrays, a pair of images and labels, or a `Dataset`."""
    first = getattr(data, "train", data)
    while isinstance(first, (tuple, list)) and first:
        first = first[0]
    return len(first) if hasattr(first, "__len__") else 0
