"""What samples are asked for, and how images come."""

from __future__ import annotations

from typing import Any

import numpy as np
import vaekit
from made_up_images import MadeUpModel, bars
from vaekit_image_metrics.image_sets import image_chunks, samples


def test_samples_have_the_classes_of_the_images_in_a_run_with_a_condition() -> None:
    asked = []

    class Conditional(MadeUpModel):
        classes = 3

        def sample(self, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
            asked.append((count, seed, labels))
            return super().sample(count, seed, labels)

    images = bars(4, seed=0)._replace(labels=np.array([2, -1, 0, 2]))
    for made in (Conditional, MadeUpModel):
        model: Any = made(np.zeros((100, 16, 16, 1)), lambda x: x)
        measurement = vaekit.Measurement(model, images, lambda: images, seed=5)
        assert [len(chunk) for chunk in samples(measurement, 100)] == [64, 36]
    ((count, seed, labels),) = asked
    assert (count, seed) == (100, 5)
    np.testing.assert_array_equal(np.bincount(labels), [33, 0, 67])


def test_images_come_in_chunks_of_floats() -> None:
    images = bars(130, seed=0)
    chunks = list(image_chunks(images))
    assert [len(chunk) for chunk in chunks] == [64, 64, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), vaekit.as_floats(images.pixels))
