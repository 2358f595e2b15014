"""Memory: what is free, what this process has taken, and which errors say that there is none.

The one place that knows: the budget of data, the refusal of batches and the limits on files all
ask here. Limits of a container (cgroup) and of the process (`ulimit -v`, `ulimit -d`) count.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self")
# (below which folder, limit, used) of the two versions of control groups. Beyond `high` nothing
# is refused, but a process is slowed down until it has let go.
_GROUP_FILES = (
    ("", "memory.max", "memory.current"),
    ("", "memory.high", "memory.current"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
# TensorFlow's and torch's own classes; importing them would load the libraries.
_EXHAUSTED = ("ResourceExhaustedError", "OutOfMemoryError")
# JAX's runtime, torch's processor allocator, and C++ below any of them raise a RuntimeError.
_EXHAUSTED_TEXTS = ("RESOURCE_EXHAUSTED", "DefaultCPUAllocator", "bad_alloc", "out of memory")


def free_memory() -> int:
    """Bytes that this process can still take without pushing anything out, or being refused."""
    free = [int(psutil.virtual_memory().available)]
    free += [limit - used for limit, used in (*_group_limits(), *_process_limits())]
    return max(0, min(free))


def total_memory() -> int:
    """Bytes that this process could have if nothing else ran: the machine's, or its limit."""
    limits = [limit for limit, _ in (*_group_limits(), *_process_limits())]
    return min([int(psutil.virtual_memory().total), *limits])


def _group_limits() -> Iterator[tuple[int, int]]:
    """Limit and use of each control group that this process is in, its own and those above."""
    for folder in _group_folders():
        for below, limit, used in _GROUP_FILES:
            if below and folder.parts[: len(_GROUPS.parts) + 1] != (_GROUPS / below).parts:
                continue
            # No such file, or `max`: no limit.
            with suppress(OSError, ValueError):
                yield int((folder / limit).read_text()), _used(folder, used)


def _used(folder: Path, name: str) -> int:
    """What a group holds, less the files that it would let go: the cache counts as used there."""
    used = int((folder / name).read_text())
    with suppress(OSError, ValueError):
        lines = (folder / "memory.stat").read_text().splitlines()
        counts = {key: int(value) for key, value in (line.split() for line in lines)}
        # Version 1 has the group's own beside those of the groups below, which `used` counts too.
        files = counts.get("total_inactive_file", counts.get("inactive_file", 0))
        return max(0, used - files)
    return used


def _group_folders() -> list[Path]:
    """The folders of the process's groups up to the roots, each once."""
    folders = [_GROUPS, _GROUPS / "memory"]  # a container sees its own group as the root
    with suppress(OSError):
        for line in (_OWN / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            root = _GROUPS / "memory" if controllers else _GROUPS
            folder = root / path.lstrip("/")
            while folder != root and root in folder.parents:
                folders.append(folder)
                folder = folder.parent
    return list(dict.fromkeys(folders))


def _process_limits() -> Iterator[tuple[int, int]]:
    """Limit and use of the address space and of the data segment, where they are limited."""
    memory = psutil.Process().memory_info()
    for kind, used in (
        (resource.RLIMIT_AS, memory.vms),
        (resource.RLIMIT_DATA, getattr(memory, "data", memory.rss)),
    ):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield limit, used


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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` is that of a device, or of a machine, without memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ in _EXHAUSTED:
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _EXHAUSTED_TEXTS)
