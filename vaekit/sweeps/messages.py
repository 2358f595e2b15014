"""What a process of a sweep tells the one that started it: a line of JSON each."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import IO, Any

from vaekit.errors import UserError, VaekitError

# The sweep was checked, and nothing is wrong with it.
READY: dict[str, Any] = {"ready": True}


def tell_parent(parent: IO[str], message: dict[str, Any]) -> None:
    """Send it; a parent that is no more doesn't need it."""
    with suppress(OSError):
        print(json.dumps(message), file=parent, flush=True)


def tell_error(parent: IO[str], error: VaekitError) -> None:
    """Send an error that is to be raised there."""
    tell_parent(parent, {"error": str(error), "exit_code": error.exit_code})


def error_in(lines: list[str]) -> VaekitError | None:
    """The error that was sent, if one was."""
    for message in map(json.loads, lines):
        if "error" in message:
            kind = UserError if message["exit_code"] == UserError.exit_code else VaekitError
            return kind(message["error"])
    return None
