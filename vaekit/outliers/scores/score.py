"""What a score is: one number an image, the larger, the stranger the image is to the model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
from keras import ops
from pydantic import BaseModel, ConfigDict, ValidationError

from vaekit.engine import ProgramModel
from vaekit.errors import OptionError, closest
from vaekit.metric import Need
from vaekit.types import Images, Tensor

Arrays = Mapping[str, np.ndarray]


class Scored(NamedTuple):
    """Scores `(N,)`, float32, and where there are some, maps `(N, H, W)` of what they come from."""

    scores: np.ndarray
    maps: np.ndarray | None = None


class Scoring(NamedTuple):
    """What a score goes by.

    model: the run's, at rest. fitted: what `Score.fit` gave, by name. seed: what is drawn by.
    done: is called with how many more images are through.
    """

    model: ProgramModel
    fitted: Arrays
    seed: int
    done: Callable[[int], None] = lambda images: None


class Score(BaseModel):
    """A score and its options, which are its fields.

    It is a function of the image alone, whichever images are scored beside it: that, and that it
    knows nothing of the calibration images, is what makes their scores and a new image's
    exchangeable. So what is drawn is drawn alike for every image.

    name: by which it is asked for. meaning: for people.
    needs: what it can't do without, as `vaekit.Metric.needs`. supports: the supports of latents
        that it serves; None for any.
    random: whether anything is drawn. fits: whether it is fitted on the training images first.
    has_maps: whether it can tell where in an image it comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    name: ClassVar[str]
    meaning: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()
    supports: ClassVar[tuple[str, ...] | None] = None
    random: ClassVar[bool] = False
    fits: ClassVar[bool] = False
    has_maps: ClassVar[bool] = False

    @classmethod
    def checked(cls, options: Mapping[str, Any]) -> Score:
        """The score with these options; texts are converted. Raises `OptionError`."""
        for name in options:
            if name not in cls.model_fields:
                takes = ", ".join(cls.model_fields) or "none"
                raise OptionError(
                    f"The score {cls.name!r} has no option {name!r}; it takes {takes}. "
                    f"{closest(name, cls.model_fields)}"
                )
        try:
            return cls(**options)
        except ValidationError as error:
            first = error.errors()[0]
            raise OptionError(
                f"The score {cls.name!r} can't take {first['loc'][0]}={first['input']!r}: "
                f"{first['msg'][0].lower()}{first['msg'][1:]}."
            ) from None

    def fit(self, model: ProgramModel, training: Images, seed: int) -> Arrays:
        """What it learns of the training images, by name, where it `fits`."""
        return {}

    @abstractmethod
    def of(self, images: Images, scoring: Scoring, *, maps: bool = False) -> Scored:
        """The score of each image, and the maps where they are asked for and `has_maps`."""


def each_by_the_same_draws(
    f: Callable[[Tensor, Tensor | None, Any], Tensor], images: Images, scoring: Scoring
) -> np.ndarray:
    """`f(x, labels, seed)`, `(1,)`, of each image alone, the generator set back before each.

    One image at a time, since in a batch each image has draws of its own.
    """
    start = start_of(scoring.seed)

    def scored(x: Tensor, labels: Tensor | None, seed: Any) -> Mapping[str, Tensor]:
        seed.state.assign(start)
        return {"score": f(x, labels, seed)}

    values = scoring.model.over(scored, images, batch=1, seed=scoring.seed, done=scoring.done)
    return values["score"]


def start_of(seed: int) -> np.ndarray:
    """The state in which a generator of this seed begins."""
    return ops.convert_to_numpy(keras.random.SeedGenerator(seed).state)


def draws_of(seed: int) -> list[float]:
    """The first draws of a generator of this seed, by which another backend or device is seen."""
    draws = keras.random.normal((4,), seed=keras.random.SeedGenerator(seed))
    return [round(float(value), 6) for value in ops.convert_to_numpy(draws)]
