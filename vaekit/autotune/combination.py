"""What may be chosen for training on a machine, as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product
from typing import Any, NamedTuple

# The options of `vaekit train` that a measurement may answer, where they are left open.
OPTIONS = ("onednn", "threads", "allocator", "kernels")


class Combination(NamedTuple):
    """One way to train, by the options of `vaekit train`; None is the backend's own.

    As it comes, it is what a run on TensorFlow has where nothing is measured.
    """

    backend: str = "tensorflow"
    onednn: bool | None = True
    threads: int | None = None
    allocator: str | None = "system"
    kernels: str = "fused"
    xla: bool = False

    @property
    def of_process(self) -> dict[str, Any]:
        """What is decided before the backend starts: a process has one of each."""
        names = ("backend", "onednn", "threads", "allocator")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def fits(self, asked: Mapping[str, Any]) -> bool:
        """Whether it has all that was asked for; None leaves a choice open."""
        return all(value is None or getattr(self, name) == value for name, value in asked.items())

    def usual_in(self, names: Collection[str]) -> bool:
        """Whether these of its choices are the usual ones."""
        return all(getattr(self, name) == getattr(USUAL, name) for name in names)

    def departures(self) -> int:
        """How many of its choices are other than usual."""
        return sum(mine != usual for mine, usual in zip(self[1:], USUAL[1:], strict=True))

    def text(self) -> str:
        """It in words, for people."""
        words = [] if self.onednn is None else ["oneDNN on" if self.onednn else "oneDNN off"]
        words += [] if self.threads is None else [f"threads {self.threads}"]
        words += [] if self.allocator is None else [f"allocator {self.allocator}"]
        words += [f"kernels {self.kernels}"]
        return f"{self.backend}: {', '.join([*words, 'XLA'] if self.xla else words)}"


USUAL = Combination()


def combinations(*, gpu: bool, glibc: bool, fewer_threads: int | None) -> list[Combination]:
    """Those that are worth a measurement on TensorFlow; the usual one first.

    gpu: whether steps run on one. glibc: whether the C library can be told to keep memory.
    fewer_threads: one for each core, where the processor runs several threads in a core.
    """
    kernels = ("fused", "stock")
    if gpu:
        return [USUAL._replace(kernels=k, xla=x) for x, k in product((False, True), kernels)]
    # Each with oneDNN and without; beside it, one change at a time.
    beside: list[dict[str, Any]] = [{}, {"kernels": "stock"}]
    beside += [{"allocator": "keep"}] if glibc else []
    beside += [{"threads": fewer_threads}] if fewer_threads is not None else []
    return [
        USUAL._replace(onednn=onednn, **changes)
        for onednn, changes in product((True, False), beside)
    ]


def usual_of(backend: str) -> Combination:
    """What a run on this backend has where nothing is measured."""
    return USUAL if backend == USUAL.backend else Combination(backend, onednn=None, allocator=None)
