"""What is chosen for the machine: what a user may say, and what was chosen with the reason."""

from __future__ import annotations

from typing import Literal, NamedTuple

Device = Literal["cpu", "gpu"]
Allocator = Literal["system", "keep"]


class Settings(NamedTuple):
    """Wishes about the process that a backend starts in; None leaves the choice to the kit.

    threads: that share the work of one operation on the processor.
    allocator: `keep` holds on to memory that was freed, `system` leaves it to the C library.
    onednn: whether TensorFlow uses oneDNN's kernels.
    """

    device: Device | None = None
    threads: int | None = None
    allocator: Allocator | None = None
    onednn: bool | None = None


class Choice(NamedTuple):
    """What was chosen: the option's `name`, its `value`, and `why`, as half a sentence."""

    name: str
    value: str
    why: str
