"""The checks of a decoder backbone."""

from __future__ import annotations

from vaekit.errors import BuildError
from vaekit.testing.encoders import CHECKS as BACKBONE_CHECKS
from vaekit.testing.subject import Subject
from vaekit.testing.training import blueprints, on_logits
from vaekit.testing.verdict import CheckSkipped


def works_on_logits(subject: Subject) -> None:
    """The kit can take its last activation off, as losses on logits need."""
    blueprint = next(filter(on_logits, blueprints(subject)), None)
    if blueprint is None:
        raise CheckSkipped("none of the kit's parts takes the images that it takes")
    try:
        blueprint.build()
    except BuildError as error:
        raise AssertionError(str(error)) from error


CHECKS = (*BACKBONE_CHECKS, works_on_logits)
