"""From what scikit-learn calls X to the images that a VAE is trained on, and back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from vaekit.errors import DataError, OptionError
from vaekit.types import ImageShape


class Form(NamedTuple):
    """How X lays out its samples.

    sample_shape: of one of them, as X had it in `fit`: `(D,)`, `(H, W)` or `(H, W, C)`.
    image_shape: of one of them as an image.
    table: whether no value of a sample is another's neighbour: then the image is `(1, D, 1)`.
    """

    sample_shape: tuple[int, ...]
    image_shape: ImageShape
    table: bool

    @property
    def features(self) -> int:
        """How many values a sample has."""
        return math.prod(self.image_shape)

    def images(self, flat: np.ndarray) -> np.ndarray:
        """Samples `(n, D)` as images `(n, H, W, C)`."""
        return flat.reshape(len(flat), *self.image_shape)

    def samples(self, flat: np.ndarray) -> np.ndarray:
        """Samples `(n, D)` as X had them in `fit`."""
        return flat.reshape(len(flat), *self.sample_shape)


def flattened(X: Any) -> Any:
    """X as scikit-learn takes it: images `(n, H, W[, C])` with their pixels in a row `(n, D)`.

    What isn't of three or four axes is for scikit-learn to check.
    """
    if getattr(X, "ndim", 2) not in (3, 4):
        return X
    array = np.asarray(X)
    return array.reshape(len(array), math.prod(array.shape[1:]))


def form_of(X: Any, flat: np.ndarray, image_shape: Any) -> Form:
    """The form of X, of which `flat` has the values `(n, D)`.

    image_shape: as the user says it, `(H, W)` or `(H, W, C)`; None takes images of X as they are,
        and what has two axes as a table.

    Raises `OptionError` for an image shape that isn't one, `DataError` if X has another.
    """
    shape = tuple(getattr(X, "shape", flat.shape))[1:]
    if image_shape is None:
        if len(shape) > 1:
            return Form(shape, _whole(shape), table=False)
        return Form((flat.shape[1],), (1, flat.shape[1], 1), table=True)
    asked = _asked(image_shape)
    if len(shape) > 1 and _whole(shape) != asked:
        raise DataError(f"X holds images of {_text(shape)}, and image_shape is {image_shape}.")
    if flat.shape[1] != math.prod(asked):
        raise DataError(
            f"X has {flat.shape[1]} values a sample, and images of {_text(asked)} have "
            f"{math.prod(asked)}: choose another image_shape."
        )
    return Form(shape if len(shape) > 1 else (flat.shape[1],), asked, table=False)


def refuse_other_form(X: Any, form: Form) -> None:
    """Raise `DataError` for images of another shape than those of `fit`.

    Samples with two axes are told by the number of their values alone, which scikit-learn checks.
    """
    shape = tuple(getattr(X, "shape", ()))[1:]
    if len(shape) > 1 and (len(shape) > 3 or _whole(shape) != form.image_shape):
        raise DataError(
            f"X holds samples of {_text(shape)}, and the estimator was fitted on images of "
            f"{_text(form.image_shape)}."
        )


def _asked(image_shape: Any) -> ImageShape:
    try:
        shape = tuple(int(side) for side in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise OptionError(
            f"image_shape can't be {image_shape!r}: give (height, width) or (height, width, "
            "channels)."
        )
    return _whole(shape)


def _whole(shape: tuple[int, ...]) -> ImageShape:
    height, width, channels = (*shape, 1)[:3]
    return height, width, channels


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
