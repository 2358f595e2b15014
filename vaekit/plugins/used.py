"""Which parts a training needs, before other processes are started that need them, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vaekit.registry import RUN_KINDS

# The fields of a config that name other parts than those that a run is built of.
_OTHER_FIELDS = {"metric": "metric", "track": "tracker", "data": "dataset"}


def parts_named(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kinds and names of all parts that fields of a config name, checked or not.

    A path for `data` is given as the name of a data set, which it isn't.
    """
    for field, kind in {**{kind: kind for kind in RUN_KINDS}, **_OTHER_FIELDS}.items():
        named = settings.get(field)
        for text in named if isinstance(named, list | tuple) else [named]:
            if isinstance(text, str):
                yield from ((kind, name.strip()) for name in text.split(","))
