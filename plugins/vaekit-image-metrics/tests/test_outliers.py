"""AUROC and average precision: by hand, their errors, and what can't be ordered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from sklearn.metrics import average_precision_score
from vaekit_image_metrics.outliers import auroc_error, average_precision_error, outliers

rng = np.random.default_rng(0)


class Scores:
    """A model whose scores of an image are its pixel, by name with a sign."""

    def __init__(self, **signs: float) -> None:
        self.signs = signs

    def score(self, images: vaekit.Images) -> dict[str, np.ndarray]:
        return {name: sign * images.pixels.ravel() for name, sign in self.signs.items()}


def figures(own: Any, foreign: Any, **signs: float) -> dict[str, vaekit.Estimate]:
    model: Any = Scores(**signs)
    own, foreign = (vaekit.Images(np.reshape(s, (-1, 1, 1, 1))) for s in (own, foreign))
    return dict(outliers()(vaekit.Measurement(model, own, lambda: own, foreign)))


def test_it_is_how_often_a_foreign_image_is_the_odder_of_two() -> None:
    """Foreign 2, 3 against 1, 2, 2.5: of six pairs 1 + 3 are right, and one is a tie."""
    got = figures([1, 2, 2.5], [2, 3], elbo=-1.0, kl=1.0, mse=-1.0)
    assert got["auroc_elbo"].value == pytest.approx(4.5 / 6)
    assert got["auroc_kl"].value == pytest.approx(4.5 / 6)
    assert got["auroc_mse"].value == pytest.approx(1.5 / 6)
    assert "by mse, images of the other source score as likelier" in got["auroc_mse"].note
    assert got["auroc_elbo"].note == ""
    # At 3, 1 of 1 is foreign; down to 2, 2 of 4: half of the foreign each.
    assert got["average_precision_elbo"].value == pytest.approx(0.5 * 1.0 + 0.5 * 2 / 4)
    assert "2 foreign images among 3 of the run's; chance has 0.400" in (
        got["average_precision_elbo"].estimator
    )


def test_the_loss_stands_in_where_there_is_no_elbo() -> None:
    got = figures([1, 2, 3], [4, 5], loss=1.0, kl=1.0, mse=1.0)
    assert "auroc_elbo" not in got
    assert got["auroc_loss"].value == 1.0


def test_errors_are_the_spread_of_repeats() -> None:
    """N(0, 1) and N(1, 1): AUROC = Phi(1 / sqrt 2) = 0.7602."""
    sets = [(rng.normal(size=80), 1.0 + rng.normal(size=120)) for _ in range(100)]
    areas = [float(np.mean(own[:, None] < foreign)) for own, foreign in sets]
    assert np.mean(areas) == pytest.approx(0.7602, abs=0.02)
    errors = [auroc_error(*pair) for pair in sets]
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.2)
    precisions = [
        average_precision_score([0] * 80 + [1] * 120, [*own, *other]) for own, other in sets
    ]
    resampled = average_precision_error(*sets[0], seed=0)
    assert resampled == pytest.approx(np.std(precisions), rel=0.4)
    assert resampled == average_precision_error(*sets[0], seed=0)
    got = figures(*sets[0], elbo=-1.0, kl=1.0, mse=1.0)
    assert got["auroc_elbo"].value == pytest.approx(areas[0])
    assert got["average_precision_elbo"].value == pytest.approx(precisions[0])


def test_scores_that_cannot_be_ordered_are_refused() -> None:
    with pytest.raises(vaekit.UserError, match="Some images have NaN or infinite elbo"):
        figures([1.0, np.nan], [1.0, 2.0], elbo=1.0, kl=1.0, mse=1.0)
    with pytest.raises(vaekit.UserError, match="by 2 images of another source at least"):
        figures([1.0, 2.0], [1.0], elbo=1.0, kl=1.0, mse=1.0)
