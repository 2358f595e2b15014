"""One batch through a Keras model."""

from __future__ import annotations

from typing import Any

import keras

from vaekit.kernels import ActiveKernels
from vaekit.startup import on_cpu
from vaekit.startup.quiet import retracing_unsaid


def predict_on_batch(model: keras.Model, inputs: Any, kernels: ActiveKernels | None = None) -> Any:
    """`model.predict_on_batch(inputs)`, without XLA on TensorFlow on a processor.

    Keras asks XLA for it by itself, whose convolutions are slow there, and which compiles each size
    of a batch anew.

    kernels: what it runs by; None is Keras's own arithmetic.
    """
    if keras.backend.backend() == "tensorflow" and model.jit_compile and on_cpu():
        model.jit_compile = False
        model.predict_function = None
    with retracing_unsaid():
        return (kernels or ActiveKernels(())).predict_on_batch(model, inputs)
