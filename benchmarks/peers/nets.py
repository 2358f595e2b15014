"""The tutorial's nets as a list of weights, from which every peer starts.

Kernels are as Keras keeps them: `(height, width, in, out)`, of transposed convolutions
`(height, width, out, in)`, of dense layers `(in, out)`.
"""

from __future__ import annotations

import numpy as np

Weights = dict[str, np.ndarray]

ENCODER_FILTERS = (1, 32, 64, 64, 64)
ENCODER_STRIDES = (1, 1, 2, 2, 1)
DECODER_FILTERS = (64, 64, 64, 1)
DECODER_STRIDES = (1, 2, 2, 1)
SMALL = (7, 7, 64)  # between convolutions and dense layers
LATENTS = 2
# Keras's own, where other libraries have others.
EPSILON, MOMENTUM, SLOPE = 1e-3, 0.99, 0.3


def draw_weights(seed: int) -> Weights:
    """Glorot's uniform draw of every kernel, in the order of Keras's `get_weights`.

    Names begin with `encoder` or `decoder`, then the layer.
    """
    random = np.random.default_rng(seed)
    weights: Weights = {}

    def layer(name: str, shape: tuple[int, ...], out: int, norm: bool) -> None:
        field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6.0 / (field * (shape[-1] + shape[-2])))
        weights[f"{name}/kernel"] = random.uniform(-limit, limit, shape).astype("float32")
        weights[f"{name}/bias"] = np.zeros(out, "float32")
        if norm:
            for kind, value in (("gamma", 1), ("beta", 0), ("mean", 0), ("variance", 1)):
                weights[f"{name}/{kind}"] = np.full(out, value, "float32")

    size, channels = int(np.prod(SMALL)), 1
    for number, out in enumerate(ENCODER_FILTERS):
        layer(f"encoder/conv{number}", (3, 3, channels, out), out, norm=True)
        channels = out
    layer("encoder/mu", (size, LATENTS), LATENTS, norm=False)
    layer("encoder/log_variance", (size, LATENTS), LATENTS, norm=False)
    layer("decoder/dense", (LATENTS, size), size, norm=False)
    channels = SMALL[-1]
    for number, out in enumerate(DECODER_FILTERS):
        last = number == len(DECODER_FILTERS) - 1
        layer(f"decoder/conv{number}", (3, 3, out, channels), out, norm=not last)
        channels = out
    return weights


def half(weights: Weights, prefix: str) -> list[np.ndarray]:
    """The weights of the `encoder` or the `decoder`, as `set_weights` takes them."""
    return [value for name, value in weights.items() if name.startswith(f"{prefix}/")]
