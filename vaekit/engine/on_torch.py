"""Steps on PyTorch, on the device that Keras chose: a compiled graph a step, or eager."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import torch

from vaekit.engine.batch_norm_torch import native_batch_norm
from vaekit.engine.compiled_torch import compiled_step
from vaekit.engine.feed import Feed
from vaekit.engine.program import Program


def compile_train(
    program: Program, images: np.ndarray | Feed
) -> Callable[[np.ndarray], np.ndarray]:
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


def compile_evaluate(
    program: Program, images: np.ndarray | Feed
) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""

    @torch.no_grad()
    def step(batch: Any) -> Any:
        return program.eval_step(batch)

    return _looped(step, images)


def _looped(
    step: Callable[[Any], Any], images: np.ndarray | Feed
) -> Callable[[np.ndarray], np.ndarray]:
    batches = _batches(images)

    def run(block: np.ndarray) -> np.ndarray:
        with native_batch_norm():
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
