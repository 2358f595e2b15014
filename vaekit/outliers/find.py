"""`Run.outliers`: scores, p-values, and which images are outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vaekit.counted_progress import counted_progress
from vaekit.errors import RunError, UserError
from vaekit.outliers.calibration_file import (
    Calibration,
    CalibrationRecord,
    read_calibration,
    refuse_stale,
)
from vaekit.outliers.conformal import p_values, refuse_too_few, threshold
from vaekit.outliers.scores import SCORES, Score, Scoring
from vaekit.outliers.scores.score import draws_of
from vaekit.run import weights_digest
from vaekit.types import Images
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run


class Outliers(NamedTuple):
    """What a calibrated score says of N images.

    score: `(N,)`, float32; the larger, the stranger. p_value: `(N,)`. outlier: `(N,)`, whether the
    p-value is at most alpha, which is whether the score is above `threshold`.
    maps: `(N, H, W)`, float32, where in the image the score comes from; None unless asked for.
    calibration: what it was calibrated with.
    """

    score: np.ndarray
    p_value: np.ndarray
    outlier: np.ndarray
    alpha: float
    threshold: float
    calibration: CalibrationRecord
    maps: np.ndarray | None = None


def find_outliers(
    run: Run,
    images: Images,
    alpha: float,
    score: str | None,
    *,
    maps: bool = False,
    progress: bool = False,
) -> Outliers:
    """See `Run.outliers`. images: as the run prepares them."""
    calibration = valid_calibration(run, score)
    asked = calibration.score
    refuse_too_few(len(calibration.scores), alpha)
    if maps:
        refuse_no_maps(asked)
    with counted_progress(f"scoring by {asked.name}", len(images.pixels), progress) as counted:
        scoring = Scoring(
            run.trained_model(), calibration.fitted, calibration.record.seed, counted.advance
        )
        scored = asked.of(images, scoring, maps=maps)
    p_value = p_values(calibration.scores, scored.scores)
    return Outliers(
        scored.scores,
        p_value,
        p_value <= alpha,
        alpha,
        threshold(calibration.scores, alpha),
        calibration.record,
        scored.maps,
    )


def valid_calibration(run: Run, score: str | None) -> Calibration:
    """A run's calibrated score, which is of the weights and of the draws that the run has now.

    Raises `RunError` if it isn't, or as `read_calibration` does.
    """
    calibration = read_calibration(run.directory, score)
    record = calibration.record
    refuse_stale(run.directory, record, weights_digest(run.model))
    if record.draws and not np.allclose(record.draws, draws_of(record.seed), atol=1e-4):
        raise RunError(
            f"{run.path} was calibrated for {record.score!r} on {record.backend}, and what is "
            "drawn here is drawn otherwise, so that scores would differ: set "
            f"KERAS_BACKEND={record.backend} and take the same kind of device, or calibrate here."
        )
    return calibration


def refuse_no_maps(score: Score) -> None:
    """Raise `UserError` for a score that is of an image as a whole."""
    if not score.has_maps:
        others = " or ".join(option_text("score", n) for n, s in SCORES.items() if s.has_maps)
        raise UserError(
            f"The score {score.name!r} is of an image as a whole and has no maps. Calibrate and "
            f"take one that has: {others}."
        )
