"""The class of an image beside what the encoder and the decoder work on.

The class's code joins the features before the latent's heads and z before the decoder, so that no
part has to know of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from vaekit.config import ConditionCode
from vaekit.errors import DataError
from vaekit.wording import option_text


class Condition(NamedTuple):
    """Labels `(B, 1)`, int32, from 0 to `classes` - 1, and what stands for them in the model.

    code: "one-hot", or "embedded", which is learned, for the encoder and the decoder apart.
    """

    classes: int
    code: ConditionCode

    @property
    def width(self) -> int:
        """How many values a class's code has."""
        return self.classes if self.code == "one-hot" else min(self.classes, EMBEDDED_WIDTH)

    def checked(self, labels: np.ndarray | None, least: int = 0) -> np.ndarray:
        """Labels `(N,)` of images as int32.

        least: -1 where images may be without a label.

        Raises `DataError` where there are none, or one is no class.
        """
        if labels is None:
            raise DataError(
                f"The model goes by the class of each image ({option_text('condition', 'labels')})"
                ", and there are no labels. Give them, or images of a source that has labels."
            )
        labels = np.asarray(labels)
        wrong = (labels < least) | (labels >= self.classes)
        if wrong.any():
            raise DataError(
                f"Label {labels[wrong][0]} of image {int(np.argmax(wrong))} is no class: the model "
                f"has classes 0 to {self.classes - 1}."
            )
        return labels.astype("int32")

    def labels(self, name: str) -> Any:
        """The second input of a model."""
        return layers.Input((1,), dtype="int32", name=name)

    def embedding(self, name: str) -> keras.layers.Embedding:
        """The layer from labels to their codes `(B, 1, width)`."""
        if self.code == "embedded":
            return layers.Embedding(self.classes, self.width, name=name)
        layer = layers.Embedding(self.classes, self.width, trainable=False, name=name)
        layer.build((None, 1))
        layer.embeddings.assign(np.eye(self.classes, dtype="float32"))
        return layer

    def joined(self, values: Any, codes: Any, name: str) -> Any:
        """Values `(B, N)` or `(B, H, W, C)` with the codes behind them, at every place of a map."""
        places, ahead = int(np.prod(values.shape[1:-1])), values.shape[1:-1]
        code = layers.Reshape((self.width,), name=f"{name}_code")(codes)
        if places > 1 or ahead:
            repeated = layers.RepeatVector(places, name=f"{name}_codes")(code)
            code = layers.Reshape((*ahead, self.width), name=f"{name}_map")(repeated)
        return layers.Concatenate(name=f"{name}_joined")([values, code])


EMBEDDED_WIDTH = 16
