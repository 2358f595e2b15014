"""The engines: what compiles a program's steps on each of Keras's backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import keras
import numpy as np

from vaekit.engine.feed import Source
from vaekit.engine.lockstep import Lockstep
from vaekit.engine.program import Batch, Program
from vaekit.types import Tensor

# Does the steps of a block of image indices `(S, B)`, int32, and gives one row of sums a step,
# `(S, M)` float32. After it, all Keras variables hold their present values.
Call = Callable[[np.ndarray], np.ndarray]


# Makes of a batch a row of numbers, or a row an image.
ForwardStep = Callable[[Batch], Tensor]


class Engine(Protocol):
    """Compiled steps on one backend.

    source: held arrays move to the device; of those that a feed reads, each batch does when its
        step comes.
    """

    def train(self, program: Program, source: Source, workers: Lockstep) -> Call:
        """Training steps; `program.columns` names what a row holds.

        workers: of several, each gets its share of a block; rows are sums over all.
        """

    def forward(self, program: Program, step: ForwardStep, source: Source) -> Call:
        """Steps that take no gradient, by a method of the program's, whose rows they give.

        They move `program.eval_noise`.
        """


def current_engine() -> Engine:
    """The engine of the backend that Keras runs on; no other backend is imported."""
    match keras.backend.backend():
        case "tensorflow":
            from vaekit.engine.tensorflow_engine import TensorFlowEngine

            return TensorFlowEngine()
        case "jax":
            from vaekit.engine.jax_engine import JaxEngine

            return JaxEngine()
        case "torch":
            from vaekit.engine.torch_engine import TorchEngine

            return TorchEngine()
        case other:
            raise NotImplementedError(f"There is no engine for Keras's backend {other}.")
