"""Which kernels there are, and which of them one program runs by."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple, TypeVar

import keras

from vaekit.errors import VaekitWarning
from vaekit.kernels.replaced import in_turn
from vaekit.startup import on_cpu
from vaekit.wording import option_text

T = TypeVar("T")


class Kernel(NamedTuple):
    """One way to compute what Keras computes, faster.

    name: as people are told.
    replaces: the function that it stands in for.
    path: what is entered while it does, as `module:function` of this room. It is imported only
        then, since with another Keras even that may fail.
    on_cpu_only: whether an accelerator has no use for it.
    """

    name: str
    replaces: str
    path: str
    on_cpu_only: bool = False

    def entered(self) -> AbstractContextManager[None]:
        """While entered, the kernel stands in for what it replaces."""
        module, _, function = self.path.partition(":")
        entered: AbstractContextManager[None] = getattr(
            importlib.import_module(f"vaekit.kernels.{module}"), function
        )()
        return entered


# By backend.
KERNELS: dict[str, tuple[Kernel, ...]] = {
    "tensorflow": (
        Kernel(
            "release of custom gradients",
            "TensorFlow's registry of gradients",
            "custom_gradients_tensorflow:passing_custom_gradients",
        ),
        Kernel(
            "shared step size of Adam",
            "keras.optimizers.Adam.update_step",
            "adam_tensorflow:shared_step_size",
        ),
        Kernel(
            "batch norm",
            "keras.layers.BatchNormalization.call",
            "batch_norm_tensorflow:native_batch_norm",
        ),
        Kernel(
            "convolutions of grey images",
            "tensorflow.nn.convolution and tensorflow.nn.conv_transpose",
            "gray_tensorflow:gray_convolutions",
        ),
    ),
    "torch": (
        Kernel(
            "batch norm",
            "keras.layers.BatchNormalization.call",
            "batch_norm_torch:native_batch_norm",
        ),
        Kernel(
            "convolutions",
            "keras.layers.Conv2D.call and keras.layers.Conv2DTranspose.call",
            "convolutions_torch:whole_convolutions",
        ),
        Kernel(
            "direct calls of layers",
            "keras.Model's walk through its layers and keras.layers.Layer.__call__",
            "layer_calls_torch:direct_calls",
        ),
        Kernel(
            "fused Adam",
            "keras.optimizers.Adam's update",
            "adam_torch:fused_adam",
        ),
    ),
    "jax": (
        Kernel(
            "transposed convolutions",
            "jax.lax.conv_transpose",
            "transposed_jax:transposed_convolutions",
            on_cpu_only=True,
        ),
    ),
}


def usable_kernels(backend: str) -> tuple[Kernel, ...]:
    """Those of a backend that are of use on the device that Keras computes on."""
    return tuple(k for k in KERNELS[backend] if not k.on_cpu_only or on_cpu())


class ActiveKernels:
    """The kernels of one program: those that it began with, less those that failed."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self._working = list(kernels)
        self._standing: tuple[Kernel, ...] = ()  # those entered now
        self._compiled: dict[tuple[keras.Model, tuple[Kernel, ...]], Any] = {}

    def without(self, replaced: str) -> ActiveKernels:
        """The same, less those that stand in for a function."""
        return ActiveKernels([k for k in self._working if k.replaces != replaced])

    def active(self) -> AbstractContextManager[None]:
        """While entered, the kernels stand in for what they replace; other threads wait."""
        return self._entered(self._working)

    def predict_on_batch(self, model: keras.Model, inputs: Any) -> Any:
        """`model.predict_on_batch(inputs)` with the kernels, tried out.

        Keras keeps the function that it compiles of a model, with whatever stood in for its layers
        then. So each set of kernels has one of its own here, and the model's own is stock.
        """
        return self.try_out(lambda: self._predicted(model, inputs))

    def _predicted(self, model: keras.Model, inputs: Any) -> Any:
        if not self._standing:
            return model.predict_on_batch(inputs)
        key, own = (model, self._standing), model.predict_function
        model.predict_function = self._compiled.get(key)
        try:
            outputs = model.predict_on_batch(inputs)
            self._compiled[key] = model.predict_function
        finally:
            model.predict_function = own
        return outputs

    def try_out(self, work: Callable[[], T]) -> T:
        """What `work` gives with the kernels, which it passes through.

        Where it fails, it is done again with fewer: each kernel that it fails with is left out from
        then on, with a `VaekitWarning`. Raises what `work` raises with none of them.
        """
        try:
            with self.active():
                return work()
        except Exception:  # whatever those raise whose insides are not what they were
            if not self._working:
                raise
        # Out here, so that an error of the work's own isn't told together with that one.
        suspects, self._working = self._working, []
        with self.active():
            result = work()
        for kernel in suspects:
            try:
                with self._entered([*self._working, kernel]):
                    result = work()
            except Exception as error:
                _warn(kernel, error)
            else:
                self._working.append(kernel)
        return result

    @contextmanager
    def _entered(self, kernels: Sequence[Kernel]) -> Iterator[None]:
        # With no kernel, too: another thread's must not be seen.
        with in_turn, ExitStack() as stack:
            for kernel in kernels:
                stack.enter_context(kernel.entered())
            before, self._standing = self._standing, tuple(kernels)
            try:
                yield
            finally:
                self._standing = before


def _warn(kernel: Kernel, error: Exception) -> None:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    warnings.warn(
        f"The kernel {kernel.name!r} doesn't work here ({type(error).__name__}: {reason}), so "
        f"{kernel.replaces} stays as it is: the same up to rounding, and slower. "
        f"{option_text('kernels', 'stock')} asks for just that.",
        VaekitWarning,
        stacklevel=2,
    )
