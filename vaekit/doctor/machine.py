"""The machine: system, processor, memory."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator

from vaekit.doctor.finding import Finding

_GIB = 2**30


def examine_machine() -> Iterator[Finding]:
    """Findings about the machine; nothing of it can be broken."""
    yield Finding("machine", "python", "ok", f"{platform.python_version()} in {sys.prefix}")
    yield Finding("machine", "system", "ok", platform.platform())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("machine", "cores", "ok", f"{cores}")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB
        yield Finding("machine", "memory", "ok", f"{memory:.1f} GiB")
