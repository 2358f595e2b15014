"""What is chosen for the machine: what a user may say, and what was chosen with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

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


def as_record(choices: Iterable[Choice]) -> dict[str, dict[str, str]]:
    """Choices by name, as `run.json` holds them."""
    return {choice.name: {"value": choice.value, "why": choice.why} for choice in choices}


def chosen(record: Mapping[str, Any], name: str) -> str | None:
    """The value of a choice that a run's record holds; None if it holds none."""
    value: str | None = record.get("choices", {}).get(name, {}).get("value")
    return value


def lines(record: dict[str, dict[str, str]]) -> list[str]:
    """A line for each of the choices that a record holds."""
    return [f"{name:<15} {said['value']:<13} {said['why']}" for name, said in record.items()]
