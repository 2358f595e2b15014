"""The error of an image's reconstruction."""

from __future__ import annotations

import numpy as np

from vaekit.data import take
from vaekit.outliers.scores.score import Score, Scored, Scoring
from vaekit.pixels import as_floats
from vaekit.types import Images

_CHUNK = 1024


class ReconstructionScore(Score):
    """The mean squared error of the image that is decoded from its point: no draw, no prior.

    The oldest score of autoencoders: Japkowicz, Myers and Gluck, "A Novelty Detection Approach to
    Classification" (IJCAI 1995). Its map is the squared error of each pixel, averaged over
    channels.
    """

    name = "reconstruction"
    meaning = "mean squared error of the reconstruction"
    has_maps = True

    def of(self, images: Images, scoring: Scoring, *, maps: bool = False) -> Scored:
        model, scores, all_maps = scoring.model, [], []
        for start in range(0, len(images.pixels), _CHUNK):
            part = take(images, slice(start, start + _CHUNK))
            means = model.decode(model.points(part), part.labels)
            errors = np.square(as_floats(np.asarray(part.pixels[:])) - means)
            scores.append(errors.mean(axis=(1, 2, 3), dtype="float32"))
            if maps:
                all_maps.append(errors.mean(axis=3, dtype="float32"))
            scoring.done(len(errors))
        return Scored(np.concatenate(scores), np.concatenate(all_maps) if maps else None)
