"""Features of images, by a network: what sets of images are compared in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import vaekit
from keras import ops
from vaekit_distances.feature_network import FeatureNetwork


class Extractor(NamedTuple):
    """A network that is ready to give features.

    name: what figures are called after: `frechet_classifier`.
    description: which network it is, with its hash, for the figure's estimator.
    features: images `(B, H, W, C)`, float32 in [0, 1] -> `(B, F)`.
    figure_names: of figures that have a name of their own in these features: `fid`.
    note: what must be read beside each figure.
    """

    name: str
    description: str
    features: Callable[[np.ndarray], np.ndarray]
    figure_names: Mapping[str, str] = {}
    note: str = ""

    def figure_name(self, figure: str) -> str:
        """What a figure is called in these features."""
        return self.figure_names.get(figure, f"{figure}_{self.name}")


class FeatureSource(ABC):
    """Where an `Extractor` is from. Made with the metric, it refuses what isn't there.

    needs: see `vaekit.Metric`.
    """

    needs: tuple[Any, ...] = ()

    @abstractmethod
    def extractor(self, measurement: vaekit.Measurement) -> Extractor:
        """The network for what is measured."""


def features_of(
    extractor: Extractor, chunks: Iterable[np.ndarray], advance: Callable[[int], None]
) -> np.ndarray:
    """The features of images that come in chunks, `(N, F)`, float64.

    Raises `vaekit.UserError` for those that are NaN or infinite.
    """
    parts = []
    for images in chunks:
        parts.append(np.asarray(extractor.features(images), "float64"))
        advance(len(images))
    features = np.concatenate(parts)
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise vaekit.UserError(
            f"{np.count_nonzero(~finite)} of {len(features)} images have NaN or infinite features "
            f"by {extractor.name}, so nothing can be compared in them. The model may have diverged."
        )
    return features


def pooled(network: FeatureNetwork, images: np.ndarray) -> np.ndarray:
    """All outputs of a network beside each other, `(B, F)`: maps by their means over places."""
    outputs = [ops.convert_to_numpy(output) for output in network(ops.convert_to_tensor(images))]
    vectors = [output.reshape(len(images), -1, output.shape[-1]).mean(axis=1) for output in outputs]
    return np.concatenate(vectors, axis=-1)
