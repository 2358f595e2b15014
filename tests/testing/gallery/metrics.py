"""Metrics: the spread of reconstructions, and a fault."""

from __future__ import annotations

import numpy as np

import vaekit
from tests.testing.gallery.shown import breaks


class Spread(vaekit.Metric):
    """The standard deviation of each image's reconstruction, without a fault."""

    def __call__(self, measurement):
        means = measurement.model.decode(
            measurement.model.points(measurement.images), measurement.images.labels
        )
        values = means.std(axis=(1, 2, 3)) * self.factor(measurement)
        return {"spread": vaekit.Estimate.mean(values, estimator="of the images' own")}

    def factor(self, measurement):
        return 1.0


@breaks("metric", "gives_named_numbers")
class IsNoNumber(Spread):
    def factor(self, measurement):
        return float("nan")


@breaks("metric", "names_its_estimators")
class SaysNotHow(Spread):
    def __call__(self, measurement):
        return {"spread": super().__call__(measurement)["spread"]._replace(estimator="")}


@breaks("metric", "follows_its_seed")
class GoesByTheProcess(Spread):
    def factor(self, measurement):
        return np.random.uniform()


@breaks("metric", "changes_nothing")
class InvertsTheImages(Spread):
    def factor(self, measurement):
        pixels = measurement.images.pixels
        if isinstance(pixels, np.ndarray):
            pixels[:] = 255 - pixels
        return 1.0


@breaks("metric", "uses_what_it_needs_alone")
class CountsLabels(Spread):
    def factor(self, measurement):
        return len(np.unique(measurement.images.labels[:])) / 4


@breaks("metric", "measures_the_fewest_images")
class ComparesWithTheSecond(Spread):
    def factor(self, measurement):
        return 1.0 + vaekit.as_floats(measurement.images.pixels[1]).mean()


@breaks("metric", "reads_stored_images")
class ScalesAllAtOnce(Spread):
    def factor(self, measurement):
        return (measurement.images.pixels / 255).mean()


@breaks("metric", "works_with_a_condition")
class ForgetsTheClass(Spread):
    def factor(self, measurement):
        model = measurement.model
        return model.decode(model.points(measurement.images)).mean()
