"""TensorFlow's SavedModel; checked as a TensorFlow runs it that knows nothing of vaekit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.export.formats.base import Arrays, Format, Runner
from vaekit.startup.graph_rewrites import leaky_relus_that_last, stock_rewrites

SIGNATURE = "serving_default"


class SavedModel(Format):
    """A folder, with one signature."""

    name, title = "savedmodel", "SavedModel"
    modules = ("tensorflow",)

    def write(
        self,
        model: keras.Model,
        inputs: Sequence[str],
        outputs: Sequence[str],
        stem: Path,
        quantize: str | None,
    ) -> None:
        with leaky_relus_that_last():
            write_saved_model(model, inputs, outputs, self.path(stem))

    def open(self, stem: Path) -> Runner:
        import tensorflow as tf

        with stock_rewrites():
            loaded = tf.saved_model.load(str(self.path(stem)))
        signature = loaded.signatures[SIGNATURE]

        def run(feeds: Arrays) -> dict[str, np.ndarray]:
            with stock_rewrites():
                outputs = signature(**{name: tf.constant(value) for name, value in feeds.items()})
            _ = loaded  # which holds the variables
            return {name: value.numpy() for name, value in outputs.items()}

        return run

    def files(self, stem: Path) -> list[Path]:
        return sorted(path for path in self.path(stem).rglob("*") if path.is_file())

    def example(self, path: str, inputs: Mapping[str, str], outputs: Sequence[str]) -> str:
        values = ", ".join(f"{name}=tf.constant({value})" for name, value in inputs.items())
        return (
            "import numpy as np, tensorflow as tf\n"
            f'model = tf.saved_model.load("{path}")\n'
            f'outputs = model.signatures["{SIGNATURE}"]({values})'
        )


def write_saved_model(
    model: keras.Model, inputs: Sequence[str], outputs: Sequence[str], folder: Path
) -> None:
    """Write a model as a folder that TensorFlow, and what converts from it, opens."""
    import tensorflow as tf

    function, _ = named_function(model, inputs, outputs)
    module = tf.Module()
    module.held = [variable.value for variable in model.variables]  # which are saved with it
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: function})


def named_function(
    model: keras.Model, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[Any, list[Any]]:
    """A model at rest as a `tf.function` of named values, and its signature, of any batch size."""
    import tensorflow as tf

    signature = [
        tf.TensorSpec((None, *value.shape[1:]), value.dtype, name=name)
        for name, value in zip(inputs, model.inputs, strict=True)
    ]

    # Outputs in a dict keep their names, which those of a list lose.
    @tf.function(input_signature=signature)
    def named(*values: Any) -> dict[str, Any]:
        results = model(list(values) if len(values) > 1 else values[0], training=False)
        return dict(zip(outputs, keras.tree.flatten(results), strict=True))

    return named, signature
