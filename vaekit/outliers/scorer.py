"""A calibrated score as a model of stock Keras layers: an image -> its score and its p-value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers

from vaekit.errors import UserError
from vaekit.model.process_state import FLOAT32, built_in
from vaekit.outliers.calibration_file import Calibration
from vaekit.outliers.elbo_layers import minus_elbo
from vaekit.outliers.find import valid_calibration
from vaekit.outliers.scores import SCORES
from vaekit.outliers.squares import mean_square, sum_of_squares
from vaekit.startup import with_keras_defaults
from vaekit.stock_layers import fixed_dense, flattened
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run

# Of the largest calibration score: scores that are as near as this are taken for equal, since
# another runtime adds up in another order.
_EQUAL = 1e-5

# (run, its calibration, the inputs of its models) -> the score of each image, `(B, 1)`
Build = Callable[["Run", Calibration, list[Any]], Any]


@with_keras_defaults
def scorer_model(run: Run, score: str | None = None) -> keras.Model:
    """Images `(B, H, W, C)` in [0, 1] -> `score` `(B, 1)` and `p_value` `(B, 1)`, float32.

    They are what `Run.outliers` gives, to rounding: see `p_value_of`. With a condition, the model
    takes `[images, labels]`. The calibration scores are within it.

    score: which of those that the run is calibrated for; may be left out where there is one.

    Raises `RunError` as `Run.outliers` does, `UserError` for a score that no layers compute.
    """
    calibration = valid_calibration(run, score)
    name = calibration.record.score
    if name not in _BUILDERS:
        others = " or ".join(option_text("score", other) for other in _BUILDERS)
        raise UserError(
            f"The score {name!r} seeks each image's own posterior by gradient steps, which no "
            f"exported model takes. Calibrate and export one that is a function: {others}."
        )
    with built_in(FLOAT32):
        inputs = [layers.Input(run.image_shape, name="images")]
        if run.takes_labels:
            inputs.append(layers.Input((1,), dtype="int32", name="labels"))
        values = layers.Rescaling(1.0, name="score")(_BUILDERS[name](run, calibration, inputs))
        outputs = [values, p_value_of(values, calibration.scores)]
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name="scorer")


def p_value_of(scores: Any, calibration: np.ndarray) -> Any:
    """The p-values of scores `(B, 1)`, as `p_values` has them: `(B, 1)`.

    Whether a calibration score c is no less than s is min(1, relu(2 + (c - s) / w)): 1 from
    c = s - w on, lest a tie be lost by rounding, and 0 from s - 2w down, w being tiny. So a p-value
    is no smaller than by comparison, larger only where scores are nearly equal, and changes by
    little where a score does.
    """
    count = len(calibration)
    width = max(_EQUAL * float(np.abs(calibration).max()), 1e-30)
    apart = layers.Dense(count, trainable=False, name="p_value_differences")
    differences = apart(scores)
    apart.kernel.assign(np.full((1, count), -1.0, "float32"))
    apart.bias.assign(np.asarray(calibration, "float32"))
    steep = layers.Rescaling(1.0 / width, 2.0, name="p_value_steep")(differences)
    no_less = layers.ReLU(max_value=1.0, name="p_value_no_less")(steep)
    counted = layers.Dense(1, trainable=False, name="p_value_count")
    ranks = counted(no_less)  # whole numbers, which float32 adds up exactly
    counted.kernel.assign(np.ones((count, 1), "float32"))
    counted.bias.assign(np.ones(1, "float32"))
    # Rounded down, lest a p-value of alpha be above it.
    share = np.nextafter(np.float32(1.0 / (count + 1.0)), np.float32(0.0))
    return layers.Rescaling(float(share), name="p_value")(ranks)


def _reconstruction(run: Run, calibration: Calibration, inputs: list[Any]) -> Any:
    whole = inputs if len(inputs) > 1 else inputs[0]
    z = run.model.point(whole)
    means = run.model.decoder([z, inputs[1]] if len(inputs) > 1 else z)
    return mean_square(layers.Subtract(name="error")([inputs[0], means]), "score_mean")


def _latent(run: Run, calibration: Calibration, inputs: list[Any]) -> Any:
    z = run.model.point(inputs if len(inputs) > 1 else inputs[0])
    z = flattened(z, "score_z")
    mean, whitening = calibration.fitted["mean"], calibration.fitted["whitening"]
    away = layers.Rescaling(1.0, (-mean).tolist(), name="score_away")(z)
    return sum_of_squares(fixed_dense(away, whitening, "score_white"), "score_sum")


_BUILDERS: Mapping[str, Build] = {
    SCORES["elbo"].name: minus_elbo,
    SCORES["reconstruction"].name: _reconstruction,
    SCORES["latent"].name: _latent,
}
