"""Outliers with a guarantee: scores of images, and conformal p-values of the scores."""

from vaekit.outliers.calibrate import Asked, asked, calibrate
from vaekit.outliers.calibration_file import Calibration, read_calibration, read_calibrations
from vaekit.outliers.conformal import (
    fewest_images,
    p_values,
    refuse_too_few,
    spread_of_false_alarms,
    threshold,
)
from vaekit.outliers.find import Outliers, find_outliers
from vaekit.outliers.picture import draw_outliers
from vaekit.outliers.scorer import scorer_model
from vaekit.outliers.scores import SCORES, Score

__all__ = [
    "SCORES",
    "Asked",
    "Calibration",
    "Outliers",
    "Score",
    "asked",
    "calibrate",
    "draw_outliers",
    "fewest_images",
    "find_outliers",
    "p_values",
    "read_calibration",
    "read_calibrations",
    "refuse_too_few",
    "scorer_model",
    "spread_of_false_alarms",
    "threshold",
]
