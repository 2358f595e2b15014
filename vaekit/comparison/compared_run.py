"""One run as a comparison takes it: of its record and history, its model left alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vaekit.config import PART_FIELDS, fields_with_effect
from vaekit.errors import UserError
from vaekit.model import Context, Part, build_part
from vaekit.options import check_options, resolved_options
from vaekit.registry import Registry
from vaekit.run import RunRecord
from vaekit.run.provenance import find_part

SEED = "seed"


@dataclass(frozen=True)
class ComparedRun:
    """A run that ended at least one epoch.

    name: what tells it from the others.
    law: the p(x|z) of its loss in words; None where the loss states none.
    unknown: why the law isn't known, as a sentence; empty where it is.
    """

    name: str
    path: Path
    record: RunRecord
    history: Sequence[Mapping[str, float]]
    law: str | None
    unknown: str = ""

    @cached_property
    def options(self) -> dict[str, Any]:
        """All that decides what the run computes, flat: `loss`, `epochs`, `loss_opt.beta`."""
        record = self.record
        direct = set(fields_with_effect("computed", "chosen")) - PART_FIELDS
        options: dict[str, Any] = {kind: part.name for kind, part in record.parts.items()}
        options |= record.config.model_dump(mode="json", include=direct)
        options |= {"data": record.data.used or "arrays", "backend": record.backend}
        options["fingerprint"] = record.data.fingerprint[:8]  # what is called the same may differ
        for kind, part in record.parts.items():
            options |= {f"{kind}_opt.{name}": value for name, value in part.options.items()}
        return options

    @cached_property
    def values(self) -> dict[str, float]:
        """What was measured of held-out images after the epoch whose weights are kept, by name."""
        row = self.kept
        values = {
            name.removeprefix("val_"): value
            for name, value in row.items()
            if name.startswith("val_") and "kl_dim_" not in name
        }
        return {name: value for name, value in values.items() if math.isfinite(value)}

    @property
    def kept(self) -> Mapping[str, float]:
        """The row of the history whose weights are the run's; empty if there is none."""
        epoch = self.record.kept_epoch
        return next((row for row in self.history if row.get("epoch") == epoch), {})

    @property
    def held_out_by_seed(self) -> bool:
        """Whether the run's seed decides the images that it is judged on."""
        drawn = self.record.config.binarize not in (None, "threshold")
        return drawn or self.record.data.test is None


def law_of(record: RunRecord, registry: Registry) -> str | None:
    """The p(x|z) of a run's loss in words, as the loss declares it; None where it states none.

    Raises `UserError` if the loss isn't installed, or can't be built as it was.
    """
    was = record.parts["loss"]
    component = registry.get("loss", find_part("loss", was, registry).full_name)
    options = resolved_options(component, check_options(component, was.options))
    context = Context(record.image_shape, record.config.latent_dim)
    law: str | None = build_part(Part(component, options), context).needs.law_of_images(
        record.image_shape
    )
    return law


def law_or_why(record: RunRecord, registry: Registry) -> tuple[str | None, str]:
    """`law_of`, and why it isn't known where it raises."""
    try:
        return law_of(record, registry), ""
    except UserError as error:
        return None, str(error)


def as_key(value: Any) -> str:
    """A value of an option as a text that equal values share."""
    return json.dumps(value, sort_keys=True)
