"""Steps on PyTorch: eager, on the device that Keras chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch

from vaekit.engine.program import Program


def compile_train(program: Program, images: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """See `vaekit.engine.base`."""
    trainable = program.trainable

    def step(batch: Any) -> Any:
        for variable in trainable:
            variable.value.grad = None
        loss, row = program.train_step(batch)
        loss.backward()
        with torch.no_grad():
            program.optimizer.apply([variable.value.grad for variable in trainable], trainable)
        return row.detach()

    return _looped(step, images)


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
