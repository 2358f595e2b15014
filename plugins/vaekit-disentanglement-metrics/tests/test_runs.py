"""A run measured by its name, from its training to the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from known_factors import drawn

SIZES = {"column": 4, "row": 3, "brightness": 5}


def squares(count: int, seed: int) -> vaekit.Images:
    """A bright square, at a place and of a brightness that are the factors."""
    factors = drawn(count, list(SIZES.values()), seed)
    pixels = np.zeros((count, 8, 8, 1), "uint8")
    for image, (column, row, brightness) in zip(pixels, factors, strict=True):
        image[2 * row : 2 * row + 3, 2 * column : 2 * column + 2] = 75 + 45 * brightness
    return vaekit.Images(pixels, factors=factors)


@pytest.mark.slow
def test_a_run_is_measured(tmp_path):
    data = vaekit.Dataset("squares", squares(64, 0), squares(120, 1), factors=SIZES)
    options = {"latent_dim": 3, "epochs": 1, "figures": False, "progress": False}
    run = vaekit.train(data=data, out=str(tmp_path / "run"), encoder_opt={"width": 4}, **options)
    metrics = run.evaluate(
        data,
        metrics=["mig", "udr"],
        metric_options={"udr": {"runs": str(tmp_path / "run"), "collapsed": 0}},
    )["metrics"]
    estimator = metrics["mig"]["mig_by_factor"]["estimator"]
    assert estimator == "mutual information of 20 histogram bins: column, row, brightness"
    assert 0 <= metrics["mig"]["mig"]["value"] <= 1
    assert 0 < metrics["udr"]["udr"]["value"] <= 1
    unknown = data._replace(test=data.test._replace(factors=None))
    with pytest.raises(vaekit.UserError, match="'mig' needs the factors"):
        run.evaluate(unknown, metrics=["mig"])
