"""The classifier of the features: its seed, its hash, where it is kept, and what it can't learn."""

from __future__ import annotations

import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import vaekit
from made_up_images import bars, measured
from vaekit_image_metrics.frechet import frechet


def figure_and_hash(**more: vaekit.Images) -> tuple[float, str]:
    (name, estimate), *others = measured(
        frechet(), np.ones((200, 16, 16, 1), "float32"), **more
    ).items()
    assert (name, others) == ("frechet_classifier", [])
    match = re.search(r"trained on the labels, sha256 ([0-9a-f]{16}), accuracy", estimate.estimator)
    assert match is not None
    return estimate.value, match[1]


@pytest.mark.backend
def test_one_seed_trains_one_classifier_whatever_was_drawn_before(cache: Path) -> None:
    first = figure_and_hash()
    (file,) = cache.glob("*.npz")
    file.unlink()
    keras.utils.set_random_seed(7)
    assert figure_and_hash() == first
    file.write_bytes(file.read_bytes()[:1000])  # damaged, as by a full disk
    assert figure_and_hash() == first
    assert os.listdir(cache) == [file.name]


def test_it_is_kept_by_what_it_was_trained_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = figure_and_hash()
    other = bars(512, seed=5)
    assert figure_and_hash(training=other)[1] != first[1]
    monkeypatch.setattr(keras.Model, "train_on_batch", None)  # nothing is left to train
    assert figure_and_hash() == first


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = figure_and_hash()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(vaekit.VaekitWarning, match="isn't kept for the next time: can't write"):
        assert figure_and_hash() == first


def test_labels_that_say_nothing_are_told_beside_the_figure() -> None:
    training = bars(512, seed=0)
    taught = measured(frechet(), training=training)["frechet_classifier"]
    assert "accuracy 1.000" in taught.estimator
    assert "no better" not in taught.note
    black = training._replace(pixels=np.zeros_like(training.pixels))
    untaught = measured(frechet(), training=black)["frechet_classifier"]
    assert "classes no better than by the most frequent (0.500)" in untaught.note


@pytest.mark.parametrize("labels", [None, np.zeros(512, int), np.full(512, -1)])
def test_fewer_than_two_classes_are_refused(labels: np.ndarray | None) -> None:
    metric = frechet()
    assert metric.needs == ("labels", "samples")
    with pytest.raises(vaekit.UserError, match="have labels of fewer than two classes"):
        measured(metric, training=bars(512, seed=0)._replace(labels=labels))
