"""Batch normalisation in training by torch's own kernels; see `vaekit.kernels.batch_norm`.

Reaches for: `torch.ops.aten.native_batch_norm_backward`.
Gain: alone, training 1.11 times stock in batches of 32 and 1.22 in batches of 128, by the
processor's time, at 28x28x1 on two cores: `benchmarks/results/kernels/cpu_torch.json`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from keras.src.backend.common.stateless_scope import in_stateless_scope
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from vaekit.kernels.batch_norm import assigned, fused_batch_norm
from vaekit.kernels.held_torch import held
from vaekit.kernels.transposed_torch import leave_out_gradient_of_bias

# Said of a tensor that nothing takes but this norm: a bias that was added to it has no gradient.
ALONE = "_taken_by_a_norm_alone"

_MOST_SUMS = 2**17


def native_batch_norm() -> AbstractContextManager[None]:
    """While entered, Keras's layer calls torch's kernels wherever they compute the same."""
    return fused_batch_norm(_kernel, _at_rest, move=_move)


def _kernel(layer: Any, inputs: Any) -> tuple[Any, Any, Any]:
    images = inputs.permute(0, 3, 1, 2)  # a view: in memory, the channels stay last
    if inputs.device.type == "cpu":
        if getattr(inputs, ALONE, False):
            leave_out_gradient_of_bias(inputs)
        outputs, mean, variance = _on_cpu(
            images, held(layer.gamma), held(layer.beta), epsilon=layer.epsilon
        )
    else:
        outputs, mean, variance = _on_gpu(
            images, layer.gamma.value, layer.beta.value, epsilon=layer.epsilon
        )
    return outputs.permute(0, 2, 3, 1), mean, variance


def _move(moving: Any, batch: Any, momentum: float) -> None:
    """In the memory that the average has, in Keras's order of rounding."""
    if in_stateless_scope() or batch.device.type != "cpu" or is_in_torch_dispatch_mode():
        assigned(moving, batch, momentum)
    else:
        moving._value.mul_(momentum).add_(batch * (1.0 - momentum))


def _at_rest(layer: Any, inputs: Any) -> Any:
    outputs = torch.batch_norm(
        inputs.permute(0, 3, 1, 2),
        layer.gamma.value,
        layer.beta.value,
        layer.moving_mean.value,
        layer.moving_variance.value,
        training=False,
        momentum=0.0,
        eps=layer.epsilon,
        cudnn_enabled=False,
    )
    return outputs.permute(0, 2, 3, 1)


def _on_gpu(images: Any, scale: Any, offset: Any, *, epsilon: float) -> tuple[Any, Any, Any]:
    """Outputs and the batch's mean and variance, all by the kernel."""
    # With a momentum of 1, torch's moving averages are the batch's own moments.
    mean, variance = (torch.zeros_like(scale) for _ in range(2))
    outputs = torch.batch_norm(
        images,
        scale,
        offset,
        mean,
        variance,
        training=True,
        momentum=1.0,
        eps=epsilon,
        cudnn_enabled=False,  # the compiler can fuse torch's own with what is around it
    )
    # The kernel reports n/(n-1) times the variance that it divides by; Keras keeps the latter.
    count = images.numel() // len(scale)
    return outputs, mean, variance * ((count - 1) / count) if count > 1 else mean * 0.0


def _on_cpu(images: Any, scale: Any, offset: Any, *, epsilon: float) -> tuple[Any, Any, Any]:
    """The same, by moments that are summed in parts.

    On processors the kernel adds up all pixels of a batch one after the other, as TensorFlow's
    does; see `vaekit.kernels.batch_norm_tensorflow`.
    """
    with torch.no_grad():
        mean, variance = _moments(images)
    return _Normalised.apply(images, scale, offset, mean, variance, epsilon), mean, variance


def _moments(images: Any) -> tuple[Any, Any]:
    """Each channel's mean and variance, `(C,)`, no addition over more than an image's place.

    The kernel takes places for channels; a channel's variance is the mean of its places' and the
    variance of their means, which loses nothing to rounding.
    """
    if is_in_torch_dispatch_mode():  # being recorded, for a compiler that lays out itself
        mean = images.mean((0, 2, 3))
        return mean, (images.square().mean((0, 2, 3)) - mean.square()).clamp_min(0.0)
    _, channels, height, width = images.shape
    # Places of a large image are taken a column at once: a sum is held for each.
    places = height * width if height * width * channels <= _MOST_SUMS else width
    rows = images.permute(0, 2, 3, 1).reshape(-1, 1, 1, places * channels)
    means, variances = (
        moment.view(places, channels)
        for moment in torch.batch_norm_update_stats(rows.permute(0, 3, 1, 2), None, None, 0.0)
    )
    mean = means.mean(0)
    return mean, variances.mean(0) + (means - mean).square().mean(0)


class _Normalised(torch.autograd.Function):  # type: ignore[misc]  # untyped here
    """Images normalised by moments that are their own, so that the gradient goes through these."""

    @staticmethod
    def forward(
        ctx: Any, images: Any, scale: Any, offset: Any, mean: Any, variance: Any, epsilon: float
    ) -> Any:
        ctx.save_for_backward(images, scale, mean, torch.rsqrt(variance + epsilon))
        ctx.epsilon = epsilon
        return torch.batch_norm(
            images,
            scale,
            offset,
            mean,
            variance,
            training=False,
            momentum=0.0,
            eps=epsilon,
            cudnn_enabled=False,
        )

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        images, scale, mean, inverse_deviation = ctx.saved_tensors
        gradients = torch.ops.aten.native_batch_norm_backward(
            upstream,
            images,
            scale,
            None,
            None,
            mean,
            inverse_deviation,
            True,  # in training: through the moments, too
            ctx.epsilon,
            [True, True, True],
        )
        return (*gradients, None, None, None)
