"""Options and calls as the reader of an error would write them: on the command line, or in Python.

The same code is behind both doors, so what it advises is worded when it is said.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_command_line = False


@contextmanager
def command_line_wording() -> Iterator[None]:
    """While entered, advice is for the command line; it is for Python otherwise."""
    global _command_line
    before, _command_line = _command_line, True
    try:
        yield
    finally:
        _command_line = before


def worded(command_line: str, python: str) -> str:
    """Whichever of the two the reader can use."""
    return command_line if _command_line else python


def option_text(field: str, value: Any = None) -> str:
    """A field of the config, and perhaps its value: `--image-size 64x48`, `image_size=(64, 48)`.

    Without a value it is the name alone.
    """
    flag = f"--{field.replace('_', '-')}"
    if value is None:
        return worded(flag, field)
    if value is True or value is False:
        return worded(flag if value else f"--no-{flag.removeprefix('--')}", f"{field}={value}")
    text = "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return worded(f"{flag} {shlex.quote(text)}", f"{field}={value!r}")


def resume_text(run: object, checkpoint: str | None = None) -> str:
    """What goes on with a run, ready to be pasted."""
    source = [] if checkpoint is None else ["--from", checkpoint]
    argument = "" if checkpoint is None else f", checkpoint={checkpoint!r}"
    return worded(
        shlex.join(["vaekit", "resume", str(run), *source]),
        f"vaekit.resume({str(run)!r}{argument})",
    )


def install_text(*requirements: str) -> str:
    """What installs distributions, ready to be pasted into a shell."""
    return shlex.join(["pip", "install", *requirements])
