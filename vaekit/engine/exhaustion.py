"""Telling an error that says "out of memory" from others, whatever library it comes from."""

from __future__ import annotations

# TensorFlow's and torch's own classes; importing them would load the libraries.
_CLASSES = ("ResourceExhaustedError", "OutOfMemoryError")
# JAX's runtime, torch's processor allocator, and C++ below any of them raise a RuntimeError.
_TEXTS = ("RESOURCE_EXHAUSTED", "DefaultCPUAllocator", "bad_alloc", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` is that of a device, or of a machine, without memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ in _CLASSES:
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _TEXTS)
