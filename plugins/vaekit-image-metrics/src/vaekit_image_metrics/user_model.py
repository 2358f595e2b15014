"""Features of a model of the user's, from a file."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import vaekit
from vaekit_distances.feature_network import feature_network

from vaekit_image_metrics.features import Extractor, FeatureSource, pooled

ENDINGS = (".keras", ".h5")


class UserModel(FeatureSource):
    """What a model of images in [0, 1] gives, its maps averaged over places.

    The file is opened safely, as a stranger's is.
    """

    def __init__(self, path: str) -> None:
        self._network = feature_network(path)
        self._name = Path(path).name
        self._hash = hashlib.sha256(Path(path).read_bytes()).hexdigest()

    def extractor(self, measurement: vaekit.Measurement) -> Extractor:
        return Extractor(
            "model",
            f"features of the model {self._name}, sha256 {self._hash[:16]}",
            partial(pooled, self._network),
        )
