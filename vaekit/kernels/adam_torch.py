"""Adam's update of all weights by torch's one kernel, on a processor.

Replaces: `keras.optimizers.Adam._parallel_update_step` on torch, where the weights are float32 and
on a processor, without `amsgrad`; everything else is Keras's still.
Reaches for: `torch._fused_adam_`, and the tensors that variables hold.
Why: Keras writes the update as nine operations over lists of weights, the kernel as one. It adds
epsilon after dividing by the root of the correction of the second moment, Keras before; given
epsilon over that root, and Keras's own step size, both compute the same up to rounding.
Gain: alone, 1.03 times stock (0.93 to 1.12) in batches of 32 and 1.02 (0.97 to 1.03) in batches of
128, by the processor's time, at 28x28x1 on two cores: within the spread.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from keras.src.backend.common.stateless_scope import in_stateless_scope
from keras.src.backend.torch.core import convert_to_tensor
from keras.src.backend.torch.optimizers.torch_adam import Adam

from vaekit.kernels.held_torch import held
from vaekit.kernels.replaced import replaced


def fused_adam() -> AbstractContextManager[None]:
    """While entered, Keras's Adam moves weights by that kernel."""
    plain = Adam._parallel_update_step

    def _parallel_update_step(self: Any, grads: Any, variables: Any, learning_rate: Any) -> Any:
        if self.amsgrad or type(self) is not Adam or in_stateless_scope():
            return plain(self, grads, variables, learning_rate)
        weights = [held(variable) for variable in variables]
        if not all(map(_fits, weights)):
            return plain(self, grads, variables, learning_rate)
        places = [self._get_variable_index(variable) for variable in variables]
        step = self.iterations.value.to(torch.float32) + 1.0
        size, correction = _step_size(self, learning_rate, step), _corrections(self, float(step))
        torch._fused_adam_(
            weights,
            [gradient.contiguous() for gradient in grads],  # it goes by what is in memory
            [held(self._momentums[place]) for place in places],
            [held(self._velocities[place]) for place in places],
            [],
            [step] * len(places),
            lr=size * correction.first / correction.root,
            beta1=self.beta_1,
            beta2=self.beta_2,
            weight_decay=0.0,
            eps=self.epsilon / correction.root,
            amsgrad=False,
            maximize=False,
        )
        return None

    return replaced(Adam, _parallel_update_step=_parallel_update_step)


class _Corrections(NamedTuple):
    """What the kernel divides by: the first moment's, and the root of the second moment's."""

    first: float
    root: float


def _corrections(adam: Any, step: float) -> _Corrections:
    return _Corrections(1.0 - adam.beta_1**step, math.sqrt(1.0 - adam.beta_2**step))


def _step_size(adam: Any, learning_rate: Any, step: Any) -> float:
    """Keras's, with its rounding: in float32, 1 - 0.999 is 5e-5 off."""
    first, second = (
        1 - torch.pow(torch.tensor(beta, dtype=step.dtype), step)
        for beta in (adam.beta_1, adam.beta_2)
    )
    rate = convert_to_tensor(learning_rate, dtype="float32")  # a variable, or a schedule's number
    return float(rate * torch.sqrt(second) / first)


def _fits(part: Any) -> bool:
    return bool(part.device.type == "cpu" and part.dtype == torch.float32 and part.is_contiguous())
