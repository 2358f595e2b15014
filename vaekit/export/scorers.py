"""A run's calibrated scores as parts that can be exported: `scorer-elbo`, and its like."""

from __future__ import annotations

from collections.abc import Callable

from vaekit.errors import UserError
from vaekit.export.inputs import chooses_codes, image_inputs
from vaekit.export.part import AbsentPartError, Measure, Part
from vaekit.outliers import SCORES, read_calibrations, scorer_model
from vaekit.run import Run
from vaekit.types import Images

_P_VALUE = "a normal image's is alpha or less with a probability of alpha at most"

MakePart = Callable[[Run, Images], Part]


def calibrated_scorers(run: Run) -> set[str]:
    """The names of those that the run is calibrated for."""
    if not run.directory.calibration.exists():
        return set()
    return {_part_name(score) for score in read_calibrations(run.directory)}


def _scorer(score: str) -> MakePart:
    def scorer(run: Run, images: Images) -> Part:
        """Images -> `score` and `p_value`, as `Run.outliers` gives them."""
        try:
            model = scorer_model(run, score)
        except UserError as error:
            raise AbsentPartError(str(error)) from error
        return Part(
            model,
            image_inputs(run, images),
            {"score": Measure.VALUES, "p_value": Measure.VALUES},
            chooses=chooses_codes(run),
            about={"score_is": score, "p_value_is": _P_VALUE},
        )

    return scorer


def _part_name(score: str) -> str:
    return f"scorer-{score}"


SCORERS: dict[str, MakePart] = {_part_name(score): _scorer(score) for score in SCORES}
