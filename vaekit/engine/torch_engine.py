"""Steps on PyTorch, on the device that Keras chose: a compiled graph a step, or eager."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import torch

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Source
from vaekit.engine.lockstep import Lockstep
from vaekit.engine.program import Program
from vaekit.engine.slices import Taken, one_by_one
from vaekit.kernels import ActiveKernels
from vaekit.kernels.compiled_torch import compiled_step
from vaekit.kernels.small_step_torch import small_step


class TorchEngine(Engine):
    """A step after another, operation by operation, or each a graph that torch compiled."""

    def train(self, program: Program, source: Source, workers: Lockstep) -> Call:
        objectives = program.objectives

        def gradients_of(batch: Any) -> Taken:
            losses, row = program.train_step(batch)
            # All gradients first, so that no objective sees what another has moved.
            gradients = [
                torch.autograd.grad(
                    loss,
                    [variable.value for variable in objective.variables],
                    retain_graph=objective is not objectives[-1],
                    materialize_grads=True,  # as elsewhere, what nothing uses stays as it is
                )
                if objective.variables  # all may be frozen
                else ()
                for loss, objective in zip(losses, objectives, strict=True)
            ]
            return Taken(
                [list(moves) for moves in gradients],
                row.detach(),
                # A copy: the next slice assigns to the same memory.
                [variable.value.detach().clone() for variable in workers.assigned],
            )

        def of_slice(batch: Any, number: int, before: list[Any]) -> Taken:
            with torch.no_grad():
                for variable, value in zip(workers.restarted, before, strict=True):
                    variable.assign(value)
            with workers.stepping(batch, number):
                return gradients_of(batch)

        def step(batch: Any) -> Any:
            before = [variable.value.detach().clone() for variable in workers.restarted]
            taken = one_by_one(
                batch, workers.slices, lambda part, number: of_slice(part, number, before)
            )
            with torch.no_grad():
                taken = workers.averaged(taken)
                for moves, objective in zip(taken.gradients, objectives, strict=True):
                    objective.optimizer.apply(moves, objective.variables)
                for variable, value in zip(workers.assigned, taken.assigned, strict=True):
                    variable.assign(value)
            return taken.row

        if not program.compiled:
            return _one_by_one(step, source, workers.kernels)
        trained = [variable for objective in objectives for variable in objective.variables]
        return _one_by_one(compiled_step(step, program.state, trained), source, workers.kernels)

    def forward(self, program: Program, step: ForwardStep, source: Source) -> Call:
        return _one_by_one(torch.no_grad()(step), source, program.kernels)


def _one_by_one(step: Callable[[Any], Any], source: Source, kernels: ActiveKernels) -> Call:
    batches = _batches(source)
    # Not on the program's own step, which moves variables.
    kernels.try_out(small_step)

    def run(block: np.ndarray) -> np.ndarray:
        with kernels.active():
            rows = torch.stack([step(batch) for batch in batches(block)])
        return rows.cpu().numpy()

    return run


def _batches(source: Source) -> Callable[[np.ndarray], Iterable[Any]]:
    """What gives the batches of a block of indices, on the device."""
    device = keras.ops.zeros(()).device

    def on_device(arrays: Any) -> Any:
        return keras.tree.map_structure(lambda part: torch.tensor(part, device=device), arrays)

    def at(arrays: Any, which: Any) -> Any:
        return keras.tree.map_structure(lambda part: part[which], arrays)

    if source.feed is not None:

        def read(block: np.ndarray) -> Iterable[Any]:
            arrays = on_device(source.read(block))
            return (at(arrays, number) for number in range(len(block)))

        return read
    held = on_device(source.with_labels(source.pixels, source.labels))
    return lambda block: (at(held, row) for row in torch.tensor(block, device=device))
