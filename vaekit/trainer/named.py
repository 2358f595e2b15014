"""What a config names, looked up before its images are read, which may take long."""

from __future__ import annotations

from vaekit.config import TrainConfig
from vaekit.model import Part, resolve_asked, resolve_part
from vaekit.registry import Registry
from vaekit.trainer.preset import refuse_uninstalled


def resolve_named(config: TrainConfig, registry: Registry) -> dict[str, Part]:
    """The metrics that are asked for; and a `UserError` for a part that is named wrongly.

    So it is for one that isn't installed, and for options that it doesn't have. A part that isn't
    named is looked up later: a preset may choose it.
    """
    refuse_uninstalled(config, registry)
    for kind in config.parts.keys() & config.model_fields_set:
        resolve_part(config, kind, registry)
    return resolve_asked("metric", config.metric, config.metric_opt, registry)
