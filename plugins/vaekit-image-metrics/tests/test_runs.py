"""Metrics asked of a run: an ELBO that fails, samples of a conditional run, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vaekit
from parts import SHAPE

rng = np.random.default_rng(0)
# Noise, which a code of four values can't hold; half of the images are darker.
LABELS = np.arange(80) % 2
TEXTURED = (0.8 + 0.2 * LABELS[:, None, None, None]) * rng.random((80, *SHAPE))
DATA = (TEXTURED.astype("float32"), LABELS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    return vaekit.train(
        data=DATA,
        encoder="tiny",
        decoder="tiny",
        latent_dim=4,
        condition="labels",
        loss="elbo",
        loss_opt={"likelihood": "gaussian", "sigma": 0.3},
        epochs=6,
        learning_rate=1e-2,
        batch_size=16,
        out=str(tmp_path_factory.mktemp("runs") / "run"),
        progress=False,
        figures=False,
    )


def figures(run: vaekit.Run, metric: str, against: Any = None, **options: Any) -> dict[str, Any]:
    asked = {"metrics": [metric], "metric_options": {metric: options}, "against": against}
    of_metric: dict[str, Any] = run.evaluate(DATA, **asked)["metrics"][metric]
    return of_metric


def test_the_elbo_prefers_smooth_images_that_it_never_saw(run: vaekit.Run) -> None:
    grey = np.broadcast_to(rng.uniform(0.43, 0.47, (40, 1, 1, 1)), (40, *SHAPE)).astype("float32")
    smooth = figures(run, "outliers", (grey, np.arange(40) % 2))
    assert smooth["auroc_elbo"]["value"] < 0.2
    assert "by elbo, images of the other source score as likelier" in smooth["auroc_elbo"]["note"]
    extreme = np.where(DATA[0] < 0.5, 0.0, 1.0).astype("float32")
    odd = figures(run, "outliers", (extreme, LABELS))
    assert odd["auroc_elbo"]["value"] > 0.9
    assert odd["auroc_elbo"]["note"] == ""


def test_samples_of_a_conditional_run_are_compared(run: vaekit.Run) -> None:
    got = figures(run, "kernel-distance", count=24)["kernel_classifier"]
    assert "24 samples against 8 images; features of a classifier" in got["estimator"]
    assert np.isfinite([got["value"], got["error"]]).all()


def test_what_cannot_be_measured_is_refused(run: vaekit.Run) -> None:
    with pytest.raises(vaekit.UserError, match="needs images of another source"):
        figures(run, "outliers")
    with pytest.raises(vaekit.DataError):
        figures(run, "outliers", np.zeros((5, 9, 9, 1), "float32"))
    with pytest.raises(vaekit.UserError, match="needs at least 10 images, and there are 8"):
        figures(run, "precision-recall", neighbours=9)
    with pytest.raises(vaekit.OptionError, match="neighbours="):
        figures(run, "density-coverage", neighbours=0)
