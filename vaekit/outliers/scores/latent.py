"""How far an image's z lies from where the training images' are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le

from vaekit.data import take
from vaekit.engine import ProgramModel
from vaekit.errors import UserError
from vaekit.outliers.scores.score import Arrays, Score, Scored, Scoring
from vaekit.types import Images, Tensor

# Of the mean variance, added to each: codes without noise may all lie in a plane.
_RIDGE = 1e-6


class LatentScore(Score):
    """The squared Mahalanobis distance of the image's point from the training images' z.

    Denouden et al., "Improving Reconstruction Autoencoder Out-of-distribution Detection with
    Mahalanobis Distance" (arXiv:1812.02765). Mean and covariance are those of a draw of z of each
    training image, so that a value of z that tells nothing counts by the prior's variance, and not
    by the tiny one of its means.

    images: how many training images to take at most, drawn by the seed.
    """

    name = "latent"
    meaning = "squared Mahalanobis distance of z from the training images'"
    supports = ("real",)
    fits = True

    images: Annotated[int, Ge(2), Le(1_000_000)] = 10_000

    def fit(self, model: ProgramModel, training: Images, seed: int) -> Arrays:
        count = len(training.pixels)
        if count > self.images:
            which = np.random.default_rng(seed).choice(count, self.images, replace=False)
            training = take(training, np.sort(which))

        def drawn(x: Tensor, labels: Tensor | None, draws: Any) -> Mapping[str, Tensor]:
            return {"z": model.infer(x, labels, draws).z}

        z = model.over(drawn, training, seed=seed)["z"].astype("float64")
        if len(z) <= z.shape[1]:
            raise UserError(
                f"The covariance of {z.shape[1]:,} values of z can't be told by {len(z):,} "
                "training images. Choose another score."
            )
        covariance = np.atleast_2d(np.cov(z, rowvar=False))
        size = len(covariance)
        covariance += _RIDGE * (np.trace(covariance) / size + 1e-12) * np.eye(size)
        # (z - m) W has the identity for its covariance.
        whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
        return {"mean": z.mean(axis=0), "whitening": whitening}

    def of(self, images: Images, scoring: Scoring, *, maps: bool = False) -> Scored:
        points = scoring.model.points(images)
        scoring.done(len(points))
        away = points.reshape(len(points), -1) - scoring.fitted["mean"]
        white = away @ scoring.fitted["whitening"]
        return Scored(np.square(white).sum(axis=1).astype("float32"))
