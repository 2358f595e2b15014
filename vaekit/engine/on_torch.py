"""Steps on PyTorch, on the device that Keras chose: a compiled graph a step, or eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch

from vaekit.engine.compiled_torch import compiled_step
from vaekit.engine.program import Program


def compile_train(program: Program, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""
    objectives = program.objectives

    def step(batch: Any) -> Any:
        losses, row = program.train_step(batch)
        # All gradients first, so that no objective sees what another has moved.
        gradients = [
            torch.autograd.grad(
                loss,
                [variable.value for variable in objective.variables],
                retain_graph=objective is not objectives[-1],
                materialize_grads=True,  # as elsewhere, a weight that nothing uses stays as it is
            )
            for loss, objective in zip(losses, objectives, strict=True)
        ]
        with torch.no_grad():
            for moves, objective in zip(gradients, objectives, strict=True):
                objective.optimizer.apply(list(moves), objective.variables)
        return row.detach()

    return _looped(compiled_step(program, step) if program.compiled else step, images)


def compile_evaluate(program: Program, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""

    @torch.no_grad()
    def step(batch: Any) -> Any:
        return program.eval_step(batch)

    return _looped(step, images)


def _looped(step: Callable[[Any], Any], images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    device = keras.ops.zeros(()).device
    data = torch.tensor(images, device=device)

    def run(block: np.ndarray) -> np.ndarray:
        indices = torch.tensor(block, device=device)
        rows = torch.stack([step(data[batch]) for batch in indices])
        return rows.cpu().numpy()

    return run
