"""Steps on PyTorch, on the device that Keras chose: a compiled graph a step, or eager."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import torch

from vaekit.engine.backend import Call, Engine, ForwardStep
from vaekit.engine.feed import Feed
from vaekit.engine.program import Program
from vaekit.kernels import ActiveKernels
from vaekit.kernels.batch_norm_torch import small_step
from vaekit.kernels.compiled_torch import compiled_step


class TorchEngine(Engine):
    """A step after another, operation by operation, or each a graph that torch compiled."""

    def train(self, program: Program, images: np.ndarray | Feed) -> Call:
        objectives = program.objectives

        def step(batch: Any) -> Any:
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
            with torch.no_grad():
                for moves, objective in zip(gradients, objectives, strict=True):
                    objective.optimizer.apply(list(moves), objective.variables)
            return row.detach()

        if not program.compiled:
            return _one_by_one(step, images, program.kernels)
        trained = [variable for objective in objectives for variable in objective.variables]
        return _one_by_one(compiled_step(step, program.state, trained), images, program.kernels)

    def forward(self, program: Program, step: ForwardStep, images: np.ndarray | Feed) -> Call:
        return _one_by_one(torch.no_grad()(step), images, program.kernels)


def _one_by_one(
    step: Callable[[Any], Any], images: np.ndarray | Feed, kernels: ActiveKernels
) -> Call:
    batches = _batches(images)
    # Not on the program's own step, which moves variables.
    kernels.try_out(small_step)

    def run(block: np.ndarray) -> np.ndarray:
        with kernels.active():
            rows = torch.stack([step(batch) for batch in batches(block)])
        return rows.cpu().numpy()

    return run


def _batches(images: np.ndarray | Feed) -> Callable[[np.ndarray], Iterable[Any]]:
    """What gives the batches of a block of indices, on the device."""
    device = keras.ops.zeros(()).device
    if isinstance(images, Feed):
        return lambda block: torch.from_numpy(images.read(block)).to(device)
    data = torch.tensor(images, device=device)
    return lambda block: (data[row] for row in torch.tensor(block, device=device))
