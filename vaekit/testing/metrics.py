"""The checks of a metric."""

from __future__ import annotations

import numpy as np

from vaekit.data import StoredPixels
from vaekit.errors import VaekitError
from vaekit.metric import Estimate
from vaekit.model import seeded
from vaekit.run import as_plain, refuse_no_figures
from vaekit.testing.metric_values import MetricUnderCheck, asked, without_others
from vaekit.testing.subject import Subject
from vaekit.testing.verdict import require

_ROOM = 2**20  # bytes of stored images that may be held


def gives_named_numbers(subject: Subject) -> None:
    """It gives estimates by name, each finite or with a note, each error 0 or more."""
    figures = asked(subject).figures
    refuse_no_figures(f"The metric {subject.name!r}", figures)
    for name, figure in as_plain(figures).items():
        values = np.array(figure["value"], float)
        require(
            np.isfinite(values).all() or figures[name].note,
            f"Its {name} is {figures[name].value}, and no note says why.",
        )
        require(
            figure["better"] in ("higher", "lower", ""),
            f"Its {name} is better {figure['better']!r}: say 'higher', 'lower' or nothing.",
        )
        error = figures[name].error
        require(error is None or error >= 0, f"The error of its {name} is {error}.")


def names_its_estimators(subject: Subject) -> None:
    """A number with an error says how it is estimated."""
    for name, figure in asked(subject).figures.items():
        if isinstance(figure, Estimate) and figure.error is not None:
            require(figure.estimator, f"Its {name} has an error and names no estimator.")


def follows_its_seed(subject: Subject) -> None:
    """Asked twice, and made anew, it gives the same, whatever the process has drawn."""
    made, figures, _ = asked(subject)
    with seeded(made.measurement().seed + 1):
        again = made.new()(made.measurement())
    require(repr(figures) == repr(again), f"Under one seed, it gives {figures}, and then {again}.")


def changes_nothing(subject: Subject) -> None:
    """The model's variables and the images are as before."""
    changed = asked(subject).changed
    require(not changed, f"It changes {', '.join(changed)}.")


def uses_what_it_needs_alone(subject: Subject) -> None:
    """What it doesn't declare to need, such as labels, may be lacking."""
    made = MetricUnderCheck(subject)
    measurement = without_others(made)
    try:
        made.figures(measurement)
    except Exception as error:
        needs = ", ".join(made.metric.needs) or "nothing"
        raise AssertionError(
            f"It says that it needs {needs}, and with no more it fails: "
            f"{type(error).__name__}: {error}"
        ) from error


def measures_the_fewest_images(subject: Subject) -> None:
    """It works on as few images as it says."""
    made = MetricUnderCheck(subject)
    fewest = made.metric.fewest
    try:
        made.figures(made.measurement(fewest))
    except Exception as error:
        raise AssertionError(
            f"It says that {fewest} image{'' if fewest == 1 else 's'} will do, and fails on "
            f"{'it' if fewest == 1 else 'them'}: {type(error).__name__}: {error}"
        ) from error


def reads_stored_images(subject: Subject) -> None:
    """Images that stay where they are stored give what held ones give."""
    made = MetricUnderCheck(subject)
    held = made.measurement()
    pixels = StoredPixels(_Held(np.asarray(held.images.pixels)), _ROOM)
    stored = held._replace(images=held.images._replace(pixels=pixels))
    try:
        figures = made.figures(stored)
    except VaekitError:
        raise
    except Exception as error:
        raise AssertionError(
            f"It fails on images that are read while it measures: {type(error).__name__}: {error}"
        ) from error
    require(
        repr(figures) == repr(asked(subject).figures),
        "Images that are read while it measures give other numbers than held ones.",
    )


def works_with_a_condition(subject: Subject) -> None:
    """A model that goes by the class of each image is measured, too."""
    made = MetricUnderCheck(subject, conditional=True)
    made.figures(made.measurement())


class _Held:
    """Rows that stand for a file's."""

    together = 1

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels, self.shape, self.dtype = pixels, pixels.shape, pixels.dtype

    def read(self, indices: np.ndarray) -> np.ndarray:
        return self._pixels[indices]
