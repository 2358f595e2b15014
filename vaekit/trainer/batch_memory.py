"""A batch that doesn't fit in memory: told with one that does, before training where it can be.

Where a batch is taken in slices, it is a slice that has to fit: sizes here are of slices.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable

import keras
import numpy as np

from vaekit.checkpoint import snapshot
from vaekit.engine import Program, Steps, least_held
from vaekit.errors import UserError
from vaekit.memory import forget_peak, free_memory, is_out_of_memory, peak_memory
from vaekit.startup import device_name, on_cpu
from vaekit.wording import option_text

# Feature maps of less than this share of what is free are no reason to measure anything; those of
# the batches that are measured take about so much of it.
_PLAINLY_SMALL = 1 / 8
_MEASURED = 1 / 64
# A batch that is named takes no more than this share of what is free: what is measured differs by
# a quarter from one process to the next, and advice that is refused in its turn is none.
_COMFORTABLE = 2 / 3


def within_memory(program: Program, train: Steps) -> Steps:
    """`train`, with a `UserError` for a batch that its device has no memory for.

    The error names a batch that fits, which is found by trying; the weights are lost with it.
    """

    def guarded(block: np.ndarray) -> np.ndarray:
        try:
            return train(block)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Out here, nothing of the failed call is alive.
        size = block.shape[1] // program.slices
        raise UserError(
            f"{_batch(program, size)} doesn't fit in the memory of {device_name()}; "
            + _advice(program, size, _smaller(program, train, size), "does")
        )

    return train.through(guarded)


def within_each_memory(program: Program, train: Steps) -> Steps:
    """`train` of several workers, with a `UserError` for a share that one has no memory for.

    No smaller batch is tried: the others would have to try it, too.
    """

    def guarded(block: np.ndarray) -> np.ndarray:
        try:
            return train(block)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(
                f"This worker's share of a batch of {block.shape[1]} images doesn't fit in the "
                f"memory of {device_name()}: choose a smaller {option_text('batch_size')}, more "
                f"{option_text('workers')}, or more slices of it: {option_text('accumulate')}."
            ) from error

    return train.through(guarded)


def refuse_hopeless(program: Program, train: Steps, batch_size: int) -> None:
    """Raise `UserError` if a batch clearly needs more memory than this machine has free.

    For processors alone: there, systems promise memory that they don't have, and end the process
    that comes for it. Small batches are measured and leave the variables as they are.
    """
    free = free_memory()
    size = batch_size // program.slices
    if not on_cpu() or size * _feature_bytes(program) < _PLAINLY_SMALL * free:
        return
    needs = _needs(program, train, size, free)
    if needs(size) > free:
        fitting = _comfortable(size, needs, free)
        raise UserError(
            f"{_batch(program, size)} needs about {needs(size) / 2**30:,.1f} GiB, and "
            f"{free / 2**30:,.1f} GiB of memory are free; "
            + _advice(program, size, fitting, "should fit")
        )


def _batch(program: Program, size: int) -> str:
    height, width, channels = program.vae.image_shape
    what = "batch" if program.slices == 1 else "slice"
    return f"A {what} of {size} images of {height}x{width}x{channels}"


def _advice(program: Program, size: int, fitting: int, verb: str) -> str:
    if fitting:
        batch = option_text("batch_size", fitting * program.slices)
        advice = f"one of {fitting} {verb}: {batch}"
        if size % fitting == 0:
            slices = option_text("accumulate", program.slices * size // fitting)
            advice += f", or {slices}, which takes the whole batch in slices of it"
        return f"{advice}."
    return (
        f"not even one image does: choose a smaller {option_text('image_size')}, or smaller parts."
    )


def _smaller(program: Program, train: Steps, size: int) -> int:
    """A batch that fits where one of `size` did not; 0 if none does."""
    if on_cpu() and keras.backend.backend() == "tensorflow":
        # Its convolutions end the process where there is no memory, so nothing near is tried.
        free = free_memory()
        needs = _needs(program, train, size, free)
        return _comfortable(size, needs, free)
    return _halved(size, lambda size: _fits(program, train, size))


def _comfortable(size: int, needs: Callable[[int], float], free: int) -> int:
    """As `_halved`, by what a batch needs of the bytes that are free."""
    return _halved(size, lambda size: needs(size) <= _COMFORTABLE * free)


def _halved(size: int, fits: Callable[[int], bool]) -> int:
    """Half of `size`, or half of that, and so on: the first that fits; 0 if none does."""
    size //= 2
    while size and not fits(size):
        size //= 2
    return size


def _needs(program: Program, train: Steps, size: int, free: int) -> Callable[[int], float]:
    """The bytes that a step on a batch of any size takes: measured, or else the least it can."""
    least = _feature_bytes(program)
    fixed, an_image = 0.0, float(least)
    # Elsewhere a batch of another size would have to be compiled first.
    if keras.backend.backend() == "tensorflow" and size > 1:
        tried = max(1, min(size // 2, int(_MEASURED * free / least)))
        fixed, an_image = _measured(program, train, tried) or (fixed, an_image)
    return lambda size: fixed + size * max(an_image, least)


def _feature_bytes(program: Program) -> int:
    """The least that training holds for an image: what each layer gives, until the way back.

    Of layers that are computed again, only what is kept.
    """
    if program.remat:
        # Two bytes a value: layers may compute in 16 bits.
        return 2 * max(least_held(program.vae.heads), least_held(program.vae.decoder))
    return sum(
        math.prod(side or 1 for side in tensor.shape[1:]) * (2 if "16" in tensor.dtype else 4)
        for model in (program.vae.posterior, program.vae.decoder)
        for operation in model.operations
        for tensor in keras.tree.flatten(operation.output)
    )


def _measured(program: Program, train: Steps, size: int) -> tuple[float, float] | None:
    """Bytes that a step takes for itself, and for each image: from batches of `size` and twice it.

    None where the system doesn't tell, the difference is too small to be seen, or neither fits.
    """
    before = snapshot(program.state)
    try:
        if not forget_peak():
            return None
        held = peak_memory()
        train(_of_slices(program, size))
        once = peak_memory()
        train(_of_slices(program, 2 * size))
        twice = peak_memory()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return None
    finally:
        for variable, (_, value) in zip(program.state, before, strict=True):
            variable.assign(value)
    if twice <= once:
        return None
    an_image = (twice - once) / size
    return max(0.0, once - held - size * an_image), an_image


def _fits(program: Program, train: Steps, size: int) -> bool:
    gc.collect()
    # Where a call that failed has taken the variables with it, as JAX's may, any values will do.
    for variable in program.state:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    program.restart_evaluation()
    try:
        train(_of_slices(program, size))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True


def _of_slices(program: Program, size: int) -> np.ndarray:
    """A step on the first image, its slices of this size."""
    return np.zeros((1, size * program.slices), "int32")
