"""What a run is made of where its user names nothing: a row for each sort of images.

The first row whose images these are is taken. `benchmarks/results/photographs/` has what was
measured, and how.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from vaekit.presets.steps import Steps
from vaekit.types import ImageShape

TUTORIAL: Final = "tutorial"
SMALL: Final = 32  # pixels of the longer side, up to which grey images are the tutorial's


class Preset(NamedTuple):
    """One row: whose images are of this sort, and what is chosen for them.

    channels, side, images: what they have at most: channels, pixels of the longer side, training
        images; None is any number.
    values: fields of `vaekit.TrainConfig`, without `epochs`; those that aren't among them are the
        tutorial's.
    steps: what decides `epochs`; None leaves them to the recipe.
    """

    name: str
    channels: int | None = None
    side: int | None = None
    images: int | None = None
    values: Mapping[str, Any] = {}
    steps: Steps | None = None

    def suits(self, image_shape: ImageShape, images: int) -> bool:
        """Whether so many training images of this shape are of the row's sort."""
        height, width, channels = image_shape
        return all(
            most is None or value <= most
            for value, most in (
                (channels, self.channels),
                (max(height, width), self.side),
                (images, self.images),
            )
        )

    def values_for(self, images: int, batch_size: int | None = None) -> dict[str, Any]:
        """The fields that the row decides for so many training images.

        batch_size: the user's, where there is one; the row's is no larger than the images are many.
        """
        if self.steps is None:
            return dict(self.values)
        size = batch_size or min(self.values["batch_size"], images)
        return {**self.values, "batch_size": size, "epochs": self.steps.epochs(images, size)}


_RESIDUAL = {"encoder": "residual", "decoder": "residual", "loss": "sigma", "recipe": "tutorial"}
_HALF_AS_WIDE = {"encoder_opt": {"width": 16}, "decoder_opt": {"width": 16}}

PRESETS = (
    # The tutorial's digits, and what is like them: its numbers are what speed is measured by.
    Preset(TUTORIAL, channels=1, side=SMALL),
    # 304 images, 20 epochs: held-out PSNR 20.4 dB, the tutorial's 11.8. The ELBO of held-out images
    # stopped rising there. Batches of 8, since 20 epochs in batches of 32 are 200 steps.
    Preset(
        "few-photographs-64",
        side=96,
        images=1000,
        values={**_RESIDUAL, "latent_dim": 64, "batch_size": 8},
        steps=Steps(1000, least=10, most=100),
    ),
    # 4,000 images: 20.9 dB after 3 epochs, which is as far as was measured. After one of 2,000
    # images, a rate of 1e-3 was worse (18.6 dB, not 19.2), and 64 latents were level.
    Preset(
        "photographs-64",
        side=96,
        values={**_RESIDUAL, "latent_dim": 128, "batch_size": 16},
        steps=Steps(5000, least=5, most=50),
    ),
    # 1,000 images of 128x128: 18.8 dB after 2 epochs, which is as far as was measured.
    Preset(
        "photographs-128",
        values={**_RESIDUAL, **_HALF_AS_WIDE, "latent_dim": 128, "batch_size": 8},
        steps=Steps(5000, least=5, most=100),
    ),
)


def preset_for(image_shape: ImageShape, images: int) -> Preset:
    """The row of so many training images; the last row suits any."""
    return next(row for row in PRESETS if row.suits(image_shape, images))
