"""How much a file may ask for, decided from its headers, before anything is allocated."""

from __future__ import annotations

import math

from vaekit.errors import DataError, UserError
from vaekit.memory import total_memory

FREE = 256 * 2**20  # bytes that any file may become
# How many times its stored size a larger one may. Photographs stay below 50; the small white shapes
# on black of dSprites are 108 times what its file has.
EXPANSION = 150
DEFLATE_AT_MOST = 1040  # deflate never shrinks by more


def check_size(
    name: str, declared: int, stored: int, *, packed: bool, error: type[UserError] = DataError
) -> None:
    """Raise `error` unless `stored` bytes can honestly become the `declared` ones, here.

    name: what declares them, for the sentence. packed: whether the bytes are compressed.
    """
    check_honest(name, declared, stored, packed=packed, error=error)
    check_memory(name, declared, error=error)


def check_honest(
    name: str, declared: int, stored: int, *, packed: bool, error: type[UserError] = DataError
) -> None:
    """`check_size` for what is never held as a whole: whatever memory there is."""
    if declared < 0 or declared > stored * (DEFLATE_AT_MOST if packed else 1):
        raise error(
            f"{name} declares {declared} bytes, but only {stored} are stored. The file is damaged "
            "or was never filled: fetch it again."
        )
    if packed and declared > max(FREE, stored * EXPANSION):
        raise error(
            f"{name} would grow from {stored} to {declared} bytes when unpacked, as a "
            "decompression bomb does. If you trust it, unpack it yourself."
        )


def check_memory(name: str, declared: int, *, error: type[UserError] = DataError) -> None:
    """Raise `error` if `declared` bytes are more than the memory of this machine."""
    memory = total_memory()
    if declared > memory:
        raise error(
            f"{name} takes {declared} bytes, and there are {memory} of memory here. Make it "
            "smaller."
        )


def nbytes(shape: tuple[int, ...], itemsize: int) -> int:
    """The bytes of an array; exact, however large."""
    return math.prod(shape) * itemsize
