"""The command that trains a run of these fields, as a person would type it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def train_command(fields: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> str:
    """`vaekit train` with these fields of a config, ready to be pasted into a shell.

    plugins: the files of plugins that are no distributions.
    """
    words = ["vaekit", "train"]
    for file in plugins:
        words += ["--plugin", file]
    for name, value in fields.items():
        words += _words(name, value)
    return shlex.join(words)


def _words(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, Mapping):
        return [word for key, v in value.items() for word in (flag, f"{key}={_text(v)}")]
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag.removeprefix('--')}"]
    if name == "image_size" and isinstance(value, list | tuple):
        return [flag, "x".join(map(str, value))]
    return [flag, _text(value)]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return "none" if value is None else str(value)
