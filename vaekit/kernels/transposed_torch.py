"""Transposed convolutions on a processor, cropped as Keras crops them: forward and back.

Reaches for: `torch.ops.mkldnn._convolution_transpose_pointwise`, which takes what torch's functions
refuse, a crop that is larger at the end; `torch.ops.aten.convolution_backward`.
Why: Keras makes the whole and cuts a slice out of it. oneDNN is slow at the whole (361 us an image
of 28x28 with 64 channels, 158 us at what is kept: one thread of a 2-core AMD EPYC), and the slice
is copied forward and back. torch sums the gradient of a bias pixel after pixel (240 us, 12 us as
one product). Where a kernel leads to one to four channels, oneDNN fills them up to a vector of
sixteen: one matrix product and a shift for each tap do without (142 us, 48 us).

Features are views `(N, C, H, W)` of what is in memory `(N, H, W, C)`, kernels `(I, O, k, l)` lead
from I channels to O; of a convolution that is the same kernel backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

Pairs = Sequence[tuple[int, int]]  # of height and width: so much at the start, so much at the end

# To so few channels, from so many at least, taps are the faster: measured.
_FEW, _MANY = 4, 16


def goes_by_taps(kernel: Any, strides: Sequence[int]) -> bool:
    """Whether what this kernel leads to is had faster tap by tap."""
    many, few = kernel.shape[:2]
    return bool(few <= _FEW and many >= _MANY and all(stride == 1 for stride in strides))


def transposed_convolution(
    features: Any, kernel: Any, bias: Any, strides: Sequence[int], crops: Pairs
) -> Any:
    """The whole of it, less what `crops` says, with a bias `(O,)` or None."""
    return _Transposed.apply(features, kernel, bias, tuple(strides), crops)


def from_few(features: Any, kernel: Any, bias: Any, padding: Sequence[int]) -> Any:
    """A convolution of few channels, whose gradient leads to few."""
    return _FromFew.apply(features, kernel, bias, tuple(padding))


def leave_out_gradient_of_bias(outputs: Any) -> None:
    """Have the bias of these outputs, channels last, get zeros for its gradient.

    For what a batch norm in training alone takes: subtracting the mean takes a bias away again.
    """
    view = outputs.grad_fn
    made_by: Any = view.next_functions[0][0] if view is not None and view.next_functions else None
    if hasattr(made_by, "bias_counts"):
        made_by.bias_counts = False


class _Transposed(torch.autograd.Function):  # type: ignore[misc]  # untyped here
    """Its gradients are made of functions that have some, too."""

    @staticmethod
    def forward(
        ctx: Any, features: Any, kernel: Any, bias: Any, strides: Sequence[int], crops: Pairs
    ) -> Any:
        ctx.save_for_backward(features, kernel)
        ctx.strides, ctx.crops, ctx.bias_counts = strides, crops, True
        if goes_by_taps(kernel, strides):
            outputs = _spread(features, kernel, crops)
            return outputs if bias is None else outputs.add_(bias[:, None, None])
        padding = [start for start, _ in crops]
        more = [start - end for start, end in crops]
        return torch.ops.mkldnn._convolution_transpose_pointwise(
            features, kernel, bias, padding, more, strides, [1, 1], 1, "none", [], ""
        )

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        features, kernel = ctx.saved_tensors
        of_features, of_kernel, of_bias = ctx.needs_input_grad[:3]
        whole, padding = upstream, [start for start, _ in ctx.crops]
        if any(start != end for start, end in ctx.crops):
            margins = [size for pair in reversed(ctx.crops) for size in pair]
            whole, padding = functional.pad(upstream, margins), [0, 0]
        return (
            functional.conv2d(whole, kernel, None, ctx.strides, padding) if of_features else None,
            _of_kernel(whole, features, kernel, ctx.strides, padding) if of_kernel else None,
            _of_bias(upstream, ctx.bias_counts) if of_bias else None,
            None,
            None,
        )


class _FromFew(torch.autograd.Function):  # type: ignore[misc]  # untyped here
    @staticmethod
    def forward(ctx: Any, features: Any, kernel: Any, bias: Any, padding: Sequence[int]) -> Any:
        ctx.save_for_backward(features, kernel)
        ctx.padding, ctx.bias_counts = padding, True
        return functional.conv2d(features, kernel, bias, 1, padding)

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        features, kernel = ctx.saved_tensors
        of_features, of_kernel, of_bias = ctx.needs_input_grad[:3]
        crops = [(size, size) for size in ctx.padding]
        return (
            _spread(upstream, kernel, crops) if of_features else None,
            _of_kernel(features, upstream, kernel, [1, 1], ctx.padding) if of_kernel else None,
            _of_bias(upstream, ctx.bias_counts) if of_bias else None,
            None,
        )


def _spread(features: Any, kernel: Any, crops: Pairs) -> Any:
    """To what each feature gives its kernel: one product, then a shift for each tap; stride 1."""
    many, few, rows, columns = kernel.shape
    images, _, height, width = features.shape
    flat = features.permute(0, 2, 3, 1).reshape(-1, many)
    # Taps first, so that each is one plane: shifts of interleaved ones would be slow.
    taps = kernel.permute(2, 3, 1, 0).reshape(-1, many) @ flat.t()
    taps = taps.view(rows, columns, few, images, height, width)
    whole = taps.new_zeros(few, images, height + rows - 1, width + columns - 1)
    for row in range(rows):
        for column in range(columns):
            whole[:, :, row : row + height, column : column + width] += taps[row, column]
    (top, bottom), (left, right) = crops
    kept = whole[:, :, top : whole.shape[2] - bottom, left : whole.shape[3] - right]
    return kept.permute(1, 2, 3, 0).contiguous().permute(0, 3, 1, 2)


def _of_kernel(
    images: Any, features: Any, kernel: Any, strides: Sequence[int], padding: Sequence[int]
) -> Any:
    """A kernel's gradient, where it convolves `images` to what has the gradient `features`."""
    wanted = [False, True, False]
    _, gradient, _ = torch.ops.aten.convolution_backward(
        features, images, kernel, None, strides, padding, [1, 1], False, [0, 0], 1, wanted
    )
    return gradient


def _of_bias(gradient: Any, counts: bool) -> Any:
    """A bias's gradient: as one product, which doesn't add up pixel after pixel."""
    if not counts:
        return gradient.new_zeros(gradient.shape[1])
    flat = gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1])
    return flat.new_ones(flat.shape[0]) @ flat
