"""What a Lambda may be without trust, and what trust is."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import vaekit
from tests.untrusted.others import HEADS, run, sampling


def two_heads(tmp_path, names=HEADS, code=sampling, shape=(3,), other=None):
    x = keras.Input((8, 8, 1))
    flat = layers.Flatten()(x)
    heads = [layers.Dense(3, name=names[0])(flat), layers.Dense(other or 3, name=names[1])(flat)]
    z = layers.Lambda(code, output_shape=shape, name="draw")(heads)
    keras.Model(x, z).save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


def test_lambda_in_the_keras_format(tmp_path):
    model = vaekit.load_model(two_heads(tmp_path, names=("a", "b")))
    assert not any(isinstance(layer, layers.Lambda) for layer in model.layers)
    assert model.output.shape == (None, 3)
    code, out = run("encode", tmp_path / "a.keras", "--data", "digits", "--out", tmp_path / "z.h5")
    assert code == 0, out  # the heads are known by their place, whatever their names are


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"names": HEADS[::-1]}, "takes the mean first"),
        ({"other": 4, "code": lambda heads: heads[0]}, "is no draw of z"),
    ],
)
def test_lambda_that_does_not_look_like_sampling(tmp_path, options, match):
    with pytest.raises(vaekit.ModelFileError, match=match):
        vaekit.load_model(two_heads(tmp_path, **options))


def test_trust_is_keras_loading_the_file(tmp_path):
    canary, target = tmp_path / "canary", str(tmp_path / "canary")
    x = keras.Input((8, 8, 1))
    code = layers.Lambda(
        lambda x: (__import__("pathlib").Path(target).touch(), x)[1], output_shape=(8, 8, 1)
    )
    keras.Model(x, code(x)).save(tmp_path / "a.keras")
    canary.unlink(missing_ok=True)
    with pytest.raises(vaekit.ModelFileError, match=r"Lambda.*who made the file.*trust=True"):
        vaekit.load_model(tmp_path / "a.keras")
    assert not canary.exists()
    model = vaekit.load_model(tmp_path / "a.keras", trust=True)
    assert any(isinstance(layer, layers.Lambda) for layer in model.layers)
    model(np.zeros((1, 8, 8, 1)))
    assert canary.exists()


def test_trust_of_a_damaged_file(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"damaged")
    with pytest.raises(vaekit.ModelFileError, match="can't be read as a Keras model"):
        vaekit.load_model(tmp_path / "a.keras", trust=True)


def test_trust_is_for_model_files(run_folder, tmp_path):
    args = ("encode", run_folder, "--data", "digits", "--out", tmp_path / "z.h5", "--trust")
    code, out = run(*args)
    assert code == 2
    assert "--trust is for model files" in out
