"""The diagonal normal posterior, of a vector or of a map."""

from __future__ import annotations

from typing import Any

from keras import layers

import vaekit


class NormalMap(vaekit.NormalLatent):
    """The same at each place of the encoder's features; see `normal`."""

    def shape(self, features: tuple[int, ...]) -> tuple[int, ...]:
        if len(features) != 3:
            raise vaekit.BuildError(
                f"The latent 'normal' with grid=true needs features that are a map, and these have "
                f"the shape {features}: choose an encoder that gives one, such as conv5, or "
                "grid=false."
            )
        return (*features[:2], self.latent_dim)

    def heads(self, features: Any) -> dict[str, Any]:
        names = {"z_mean": "encoder_mu", "z_log_var": "encoder_log_variance"}
        return {
            name: layers.Conv2D(self.latent_dim, 1, data_format="channels_last", name=layer)(
                features
            )
            for name, layer in names.items()
        }


def normal(latent_dim: int, *, grid: bool = False) -> vaekit.Latent:
    """A normal posterior with independent values of z: Kingma and Welling, arXiv:1312.6114.

    Args:
        grid: whether z is a map, with latent_dim values at each place of the encoder's features.
    """
    return NormalMap(latent_dim) if grid else vaekit.NormalLatent(latent_dim)
