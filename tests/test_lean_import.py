"""Keras's import leaves out what nobody asked for, and all of it is there for whoever asks."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap

import pytest

# In a process of its own: trains, tells what was imported by then, and looks into all of it.
TRAINS_AND_LOOKS = """
    import json, sys
    import numpy as np
    import vaekit
    from vaekit.startup.lean_import import LATER

    images = np.random.default_rng(0).integers(0, 255, (8, 8, 8, 1)).astype("uint8")
    vaekit.train(
        data=images, encoder="mlp", decoder="mlp", encoder_opt={"units": (4,)}, epochs=1,
        decoder_opt={"units": (4,)}, batch_size=4, figures=False, progress=False, out="run",
    )
    unasked = (
        "sklearn", "pandas", "jax", "matplotlib.pyplot", "IPython",
        "tensorflow.python.keras.models",
    )
    import keras
    import tensorflow as tf

    seen = {
        "imported": [name for name in unasked if name in sys.modules],
        "waiting": [n for n in LATER if type(sys.modules.get(n)).__name__ == "_Unloaded"],
        "finders": [type(finder).__module__ for finder in sys.meta_path],
    }
    model = keras.Sequential([keras.layers.Dense(1)])
    seen["predicted"] = model.predict(np.ones((4, 2)), verbose=0).shape
    seen["placeholder"] = tf.compat.v1.placeholder.__name__
    from tensorflow.python.framework import ops
    seen["same"] = tf.compat.v1.get_default_graph is ops.get_default_graph
    seen["lite"] = tf.lite.TFLiteConverter.__name__
    import inspect
    seen["cells"] = [name for name in dir(tf.nn) if name.startswith("RNNCell")]
    seen["cell"] = inspect.getmodule(tf.nn.RNNCellDropoutWrapper).__name__
    seen["no cell"] = hasattr(tf.nn, "RNNCell")
    from tensorflow.python.keras.engine.training import Model
    seen["old Keras"] = issubclass(tf.nn.RNNCellDropoutWrapper, sys.modules[
        "tensorflow.python.keras.engine.base_layer"].Layer) and Model.__name__
    seen["test"] = tf.test.TestCase.__name__
    seen["feature_column"] = tf.feature_column.numeric_column("a").key
    seen["gallery"] = keras.visualization.plot_image_gallery.__name__
    seen["bases"] = [base.__module__ for base in keras.wrappers.SKLearnClassifier.__mro__]
    seen["names"] = "SKLearnRegressor" in dir(keras.wrappers)
    from tensorflow.compat.v1 import SummaryMetadata
    try:
        keras.wrappers.missing
    except AttributeError as error:
        seen["missing"] = str(error)
    seen["loaded"] = type(keras.wrappers).__name__
    print(json.dumps(seen))
"""


STARTS = """
    import sys
    from vaekit.startup import select_backend

    select_backend("tensorflow")
    unasked = ("sklearn", "pandas", "jax", "matplotlib", "IPython", "tensorflow.lite.python.lite")
    print([name for name in unasked if name in sys.modules])
    print(type(sys.modules["keras.wrappers"]).__name__)
    import tensorflow
    print(tensorflow.lite.__name__, tensorflow.compat.v1.Session.__name__)
    print(sys.modules["tensorflow._api.v2.compat.v1"] is tensorflow.compat.v1)
"""


def test_a_backend_starts_without_it():
    code = textwrap.dedent(STARTS)
    env = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines == ["[]", "_Unloaded", "tensorflow._api.v2.lite Session", "True"]


@pytest.mark.slow
def test_training_imports_none_of_it_and_all_of_it_is_there_for_who_asks(tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TRAINS_AND_LOOKS)],
        cwd=tmp_path,
        env={**env, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["imported"] == []
    assert {"keras.wrappers", "tensorflow._api.v2.compat.v1"} <= set(seen["waiting"])
    assert not any(name.startswith("vaekit") for name in seen["finders"])
    assert seen["predicted"] == [4, 1]
    assert (seen["placeholder"], seen["same"]) == ("placeholder", True)
    assert (seen["lite"], seen["feature_column"]) == ("TFLiteConverterV2", "a")
    assert seen["cells"] == [
        f"RNNCell{which}Wrapper" for which in ("Device", "Dropout", "Residual")
    ]
    assert seen["cell"] == "tensorflow.python.keras.layers.rnn_cell_wrapper_v2"
    assert not seen["no cell"]
    assert seen["old Keras"] == "Model"
    assert seen["test"] == "TensorFlowTestCase"
    assert seen["gallery"] == "plot_image_gallery"
    assert ("sklearn.base" in seen["bases"]) == bool(importlib.util.find_spec("sklearn"))
    assert seen["names"]
    assert seen["missing"] == "module 'keras.wrappers' has no attribute 'missing'"
    assert seen["loaded"] == "module"
