"""One JSON document on standard output, and nothing else there."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import Any

import click


def json_alone(as_json: bool) -> AbstractContextManager[Any]:
    """Send what is printed to standard error, where a document is to follow.

    Not only ours: a plugin may print as it's imported.
    """
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def print_json(document: Any) -> None:
    """Print it; what JSON doesn't know, the default of an option for one, is told as a text."""
    click.echo(json.dumps(document, indent=2, default=str))
