"""Whether the C library hands memory back to the system as soon as it is freed.

A step frees its feature maps and asks for the same again in the next. glibc maps large blocks anew
each time, and the system fills every page of them with zeros, unless it is told to keep them.
"""

from __future__ import annotations

import ctypes
import platform
import sys

from vaekit.errors import UserError
from vaekit.startup.choices import Choice
from vaekit.wording import option_text

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT = 2**30
_MOST_OF_OLD_GLIBC = 32 * 2**20  # before 2.35, larger thresholds for mapping are refused

_keeping = False


def choose_allocator(backend: str, wanted: str | None) -> Choice:
    """Tell glibc, if asked to, and on torch where it can be told.

    Raises `UserError` if `keep` is asked for where there is no glibc.
    """
    global _keeping
    if wanted == "keep":
        _keeping = _keeping or _keep()
        if not _keeping:
            raise UserError(
                f"{option_text('allocator', 'keep')} is for Linux with glibc: leave it out on this "
                "machine."
            )
        return Choice("allocator", "keep", f"as {option_text('allocator')} asks")
    if _keeping:
        return Choice("allocator", "keep", "as was asked for earlier in this process")
    if wanted == "system":
        return Choice("allocator", "system", f"as {option_text('allocator')} asks")
    if backend == "torch" and _keep():
        _keeping = True
        return Choice("allocator", "keep", "torch maps each feature map anew without it")
    return Choice("allocator", "system", "the C library's own; measured: keep no gain")


def _keep() -> bool:
    """Let glibc keep what is freed; whether it does."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mapped = mallopt(_MMAP_THRESHOLD, _KEPT) or mallopt(_MMAP_THRESHOLD, _MOST_OF_OLD_GLIBC)
    return bool(mapped and mallopt(_TRIM_THRESHOLD, _KEPT))
