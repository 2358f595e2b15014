"""How much memory a data set may take before it is read as it is needed."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ByteSize

from vaekit.errors import DataError
from vaekit.memory import free_memory
from vaekit.startup import device_memory
from vaekit.wording import option_text

# Reading, splitting and handing images to a backend each hold a copy for a while.
_SHARE = 4


class Budget(NamedTuple):
    """Bytes of images, unpacked, that may be held.

    given: whether a user gave it; one that was only found is no reason to refuse what can't be
    read bit by bit.
    """

    bytes: int
    given: bool = False

    def __str__(self) -> str:
        if self.given:
            return f"the data budget of {size(self.bytes)}"
        return f"a quarter of the free memory, {size(self.bytes)}"

    def refuse(self, path: object, images: int, remedy: str) -> None:
        """Raise `DataError` if so many bytes of `images` are more than a user wants held.

        For what can't be read as it is needed. remedy: a sentence.
        """
        if self.given and images > self.bytes:
            raise DataError(
                f"{path} holds {size(images)} of images, more than {self}, and can't be read bit "
                f"by bit. {remedy} Or give a larger {option_text('data_budget')}."
            )


def data_budget(asked: int | None) -> Budget:
    """So many bytes if asked for, else a quarter of the memory that is free here.

    That is this process's, or the device's where it has less and its backend tells.
    """
    if asked is not None:
        return Budget(asked, given=True)
    free, device = free_memory(), device_memory()
    return Budget(min(free, free if device is None else device) // _SHARE)


def free_budget() -> Budget:
    """A quarter of the memory that is free, for what is read without a backend."""
    return Budget(free_memory() // _SHARE)


def size(count: int) -> str:
    """Bytes for people: 1.5GB."""
    return ByteSize(count).human_readable(decimal=True)
