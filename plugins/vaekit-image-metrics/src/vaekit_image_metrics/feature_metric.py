"""What metrics have in common that compare the model's images with held-out ones, in features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping

import numpy as np
import vaekit

from vaekit_image_metrics.classifier import Classifier
from vaekit_image_metrics.efficientnet import EfficientNetLite0
from vaekit_image_metrics.features import FeatureSource, features_of
from vaekit_image_metrics.image_sets import IMAGE_SETS, Of, image_chunks
from vaekit_image_metrics.inception import Inception
from vaekit_image_metrics.user_model import ENDINGS, UserModel

NETWORKS: Mapping[str, Callable[[], FeatureSource]] = {
    "classifier": Classifier,
    "inception": Inception,
    "efficientnet-lite0": EfficientNetLite0,
}


def feature_source(features: str) -> FeatureSource:
    """The features of a name, or of a model's file.

    Raises `vaekit.OptionError` for a name that there isn't, `vaekit.BuildError` where weights or
    packages lack, and `vaekit.ModelFileError` for a file that can't be used.
    """
    if features in NETWORKS:
        return NETWORKS[features]()
    if features.endswith(ENDINGS):
        return UserModel(features)
    raise vaekit.OptionError(
        f"There are no features {features!r}: name {', '.join(NETWORKS)}, or the .keras or .h5 "
        "file of a model of images."
    )


class FeatureMetric(vaekit.Metric):
    """Figures of held-out images and of what the model makes, by their features.

    features, of, count: the options of those names of each of these metrics.
    fewest: how many of either it needs.
    """

    def __init__(self, features: str, of: Of, count: int | None, fewest: int) -> None:
        if count is not None and count < fewest:
            raise vaekit.OptionError(
                f"This metric needs {fewest} images of each kind at least, and count={count}."
            )
        self._source, self._of, self._count = feature_source(features), of, count
        self.needs = (*self._source.needs, *IMAGE_SETS[of].needs)
        self.fewest = fewest

    @abstractmethod
    def compare(
        self, real: np.ndarray, made: np.ndarray, seed: int
    ) -> Mapping[str, vaekit.Estimate]:
        """The figures of features `(N, F)` of images and `(M, F)` of what the model makes."""

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        extractor = self._source.extractor(measurement)
        image_set, held_out = IMAGE_SETS[self._of], len(measurement.images.pixels)
        count = self._count or held_out
        advance = measurement.progress(f"features by {extractor.name}", held_out + count)
        real = features_of(extractor, image_chunks(measurement.images), advance)
        made = features_of(extractor, image_set.chunks(measurement, count), advance)
        beside = f"{count} {self._of} against {held_out} images; {extractor.description}"
        return {
            image_set.prefix + extractor.figure_name(figure): estimate._replace(
                estimator=f"{estimate.estimator}; {beside}",
                note=" ".join(filter(None, (estimate.note, extractor.note))),
            )
            for figure, estimate in self.compare(real, made, measurement.seed).items()
        }
