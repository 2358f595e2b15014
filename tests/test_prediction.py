"""Models over arrays: by which compiler, and the same whoever used them before."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.parts import make_vae
from vaekit.model import run_model

pytestmark = pytest.mark.backend


@pytest.fixture
def decoder():
    return make_vae().decoder


def test_a_processor_predicts_without_xla_on_tensorflow(decoder):
    before = decoder.jit_compile
    run_model(decoder, np.zeros((3, 2), "float32"))
    on_tensorflow = keras.backend.backend() == "tensorflow"
    assert decoder.jit_compile == (False if on_tensorflow else before)


def test_who_predicted_before_makes_no_difference(decoder):
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    (first,) = run_model(decoder, z)
    again = keras.models.clone_model(decoder)
    again.set_weights(decoder.get_weights())
    by_keras = again.predict_on_batch(z)
    np.testing.assert_allclose(first, by_keras, atol=1e-5)
    assert np.array_equal(run_model(again, z)[0], first)
