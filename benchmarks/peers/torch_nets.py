"""The tutorial's nets in PyTorch.

PyTorch pads a strided convolution at the other side than Keras does. So these nets are Keras's
seen in a mirror: kernels and images are turned by 180 degrees, and all else is the same function.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from peers.nets import (
    DECODER_FILTERS,
    DECODER_STRIDES,
    ENCODER_FILTERS,
    ENCODER_STRIDES,
    EPSILON,
    LATENTS,
    MOMENTUM,
    SLOPE,
    SMALL,
    Weights,
)

HEIGHT, WIDTH, CHANNELS = SMALL


class Encoder(nn.Module):
    """Images `(B, 1, 28, 28)` -> mu, log variance."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        layers, channels = [], 1
        pairs = zip(ENCODER_FILTERS, ENCODER_STRIDES, strict=True)
        for number, (out, stride) in enumerate(pairs):
            conv = nn.Conv2d(channels, out, 3, stride=stride, padding=1)
            kernel = weights[f"encoder/conv{number}/kernel"][::-1, ::-1].transpose(3, 2, 0, 1)
            layers += [_filled(conv, kernel), _norm(out), nn.LeakyReLU(SLOPE)]
            channels = out
        self.features = nn.Sequential(*layers)
        self.mu = _head(weights["encoder/mu/kernel"])
        self.log_variance = _head(weights["encoder/log_variance/kernel"])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.features(x).flatten(1)
        return self.mu(features), self.log_variance(features)


class Decoder(nn.Module):
    """Latents `(B, 2)` -> images `(B, 1, 28, 28)`."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        kernel = weights["decoder/dense/kernel"].reshape(LATENTS, *SMALL)[:, ::-1, ::-1]
        size = HEIGHT * WIDTH * CHANNELS
        self.dense = _filled(nn.Linear(LATENTS, size), kernel.transpose(3, 1, 2, 0))
        layers, channels = [], CHANNELS
        pairs = zip(DECODER_FILTERS, DECODER_STRIDES, strict=True)
        for number, (out, stride) in enumerate(pairs):
            conv = nn.ConvTranspose2d(
                channels, out, 3, stride=stride, padding=1, output_padding=stride - 1
            )
            kernel = weights[f"decoder/conv{number}/kernel"][::-1, ::-1].transpose(3, 2, 0, 1)
            last = number == len(DECODER_FILTERS) - 1
            layers += [_filled(conv, kernel), *([] if last else [_norm(out)]), nn.LeakyReLU(SLOPE)]
            channels = out
        self.images = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        small = self.dense(z).unflatten(1, (CHANNELS, HEIGHT, WIDTH))
        return self.images(small.contiguous(memory_format=torch.channels_last))


def mirrored(images: np.ndarray) -> torch.Tensor:
    """Images `(N, 28, 28, 1)` as these nets see them, `(N, 1, 28, 28)`."""
    return torch.from_numpy(images[:, ::-1, ::-1].transpose(0, 3, 1, 2).copy())


def losses(
    x: torch.Tensor, y: torch.Tensor, mu: torch.Tensor, log_variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """1000 x mean squared error and KL of each image, in float32."""
    mu, log_variance = mu.float(), log_variance.float()
    reconstruction = 1000 * (x - y.float()).square().mean(dim=(1, 2, 3))
    return reconstruction, 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance).sum(1)


def parameters(*nets: nn.Module) -> tuple[int, int]:
    """All weights, moving averages among them, and the trained ones."""
    trained = sum(p.numel() for net in nets for p in net.parameters())
    moving = sum(b.numel() for net in nets for b in net.buffers() if b.is_floating_point())
    return trained + moving, trained


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=1 - MOMENTUM)


def _head(kernel: np.ndarray) -> nn.Linear:
    turned = kernel.reshape(*SMALL, LATENTS)[::-1, ::-1].transpose(3, 2, 0, 1)
    return _filled(nn.Linear(HEIGHT * WIDTH * CHANNELS, LATENTS), turned)


def _filled(layer: nn.Module, kernel: np.ndarray) -> nn.Module:
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernel.copy()).reshape(layer.weight.shape))
        layer.bias.zero_()
    return layer
