"""How much memory there is to take, and how much this process has taken."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")  # of a container, which may be given less than the machine has
_OWN = Path("/proc/self")


def free_memory() -> int:
    """Bytes that this process can still take without pushing anything out."""
    import psutil

    free = [int(psutil.virtual_memory().available)]
    with suppress(OSError, ValueError):  # no group, or one without a limit
        most = int((_GROUP / "memory.max").read_text())
        free.append(most - int((_GROUP / "memory.current").read_text()))
    with suppress(ImportError):  # Windows
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            free.append(limit - psutil.Process().memory_info().vms)
    return max(0, min(free))


def forget_peak() -> bool:
    """Let `peak_memory` begin anew; False where the system can't."""
    try:
        (_OWN / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_memory() -> int:
    """The most bytes that this process has held since `forget_peak` was true."""
    for line in (_OWN / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0
