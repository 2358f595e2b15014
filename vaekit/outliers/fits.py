"""Which scores a run has, by what its parts declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vaekit.engine import ProgramModel
from vaekit.errors import UserError
from vaekit.metric import Need
from vaekit.outliers.scores import SCORES, Score
from vaekit.wording import option_text

if TYPE_CHECKING:
    from vaekit.run import Run

# What a model lacks, and how it is said; `latent` and `loss` are the names of the run's parts.
_LACKS: Mapping[Need, tuple[Callable[[ProgramModel], bool], str]] = {
    "likelihood": (
        lambda model: model.likelihood is None,
        "needs p(x|z), and the loss {loss!r} declares no likelihood",
    ),
    "density": (
        lambda model: not model.density,
        "needs the densities of posterior and prior, and the latent {latent!r} has none",
    ),
    "free-parameters": (
        lambda model: not model.latent_space.free_parameters,
        "moves the parameters of each image's posterior, and the latent {latent!r} keeps its own "
        "within bounds, or has none",
    ),
}


def refuse_unfit_score(run: Run, model: ProgramModel, score: Score) -> None:
    """Raise `UserError` unless the run has this score, naming those that it has."""
    lack = _lack(model, type(score))
    if lack is None:
        return
    fitting = [name for name, other in SCORES.items() if _lack(model, other) is None]
    names = {kind: part.name for kind, part in run.record.parts.items()}
    raise UserError(
        f"The score {score.name!r} {lack.format(**names)}. Choose another: "
        f"{' or '.join(option_text('score', name) for name in fitting)}."
    )


def _lack(model: ProgramModel, score: type[Score]) -> str | None:
    """What a score can't do without, and isn't there, in words."""
    support = model.latent_space.support
    if score.supports is not None and support not in score.supports:
        return (
            f"is for z of support {' or '.join(score.supports)}, and the latent {{latent!r}} gives "
            f"z of support {support}"
        )
    for need in score.needs:
        lacking, sentence = _LACKS[need]
        if lacking(model):
            return sentence
    return None
