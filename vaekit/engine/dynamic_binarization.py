"""Training images drawn in black and white in each step anew.

Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders" (arXiv:1509.00519), section 5:
"the binary-valued observations are sampled with expectations equal to the real values in the
training set", anew in each epoch, which no draw can be learnt by heart of.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from vaekit.types import Tensor

_STREAM = 0xB1_4A87  # sets these draws apart from others of the same seed


class DynamicBinarization:
    """White with the grey as its probability, by a random state of its own."""

    def __init__(self, seed: int) -> None:
        entropy = np.random.SeedSequence([seed, _STREAM]).generate_state(1)[0]
        self._generator = keras.random.SeedGenerator(int(entropy >> 1))

    @property
    def state(self) -> list[keras.Variable]:
        """What the next draws are decided by."""
        return [self._generator.state]

    def __call__(
        self, images: Tensor, generator: keras.random.SeedGenerator | None = None
    ) -> Tensor:
        """Images `(B, H, W, C)`, float32 in [0, 1], each value 0 or 1.

        generator: another to draw by, so that this one's state stays.
        """
        uniform = keras.random.uniform(ops.shape(images), seed=generator or self._generator)
        return ops.cast(uniform < images, "float32")
