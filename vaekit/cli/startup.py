"""Options about the machine, which the kit otherwise chooses by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--device",
        type=click.Choice(("cpu", "gpu")),
        help="What to compute on. Default: a GPU if the backend sees one.",
    ),
    click.option(
        "--threads", type=int, help="Threads an operation. Default: the backend's own number."
    ),
    click.option(
        "--allocator",
        type=click.Choice(("system", "keep")),
        help="keep: hold on to freed memory (Linux with glibc).",
    ),
    click.option(
        "--onednn/--no-onednn",
        default=None,
        help="Whether TensorFlow uses oneDNN's kernels. Default: yes.",
    ),
    click.option(
        "--steps-per-call",
        type=int,
        metavar="N",
        help="Steps a call of the compiled loop. Default: what takes half a second.",
    ),
    click.option(
        "--compile/--no-compile",
        default=None,
        help="Whether torch compiles the step (default: no); the other backends always do.",
    ),
)


def startup_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, by the names of `TrainConfig`'s fields."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
