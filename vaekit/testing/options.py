"""Checks of what any part with options has to do."""

from __future__ import annotations

import tempfile
from pathlib import Path

from vaekit.config import TrainConfig, read_config, write_config
from vaekit.options import check_options, options_of
from vaekit.testing.subject import CheckSkipped, Subject


def options_round_trip(subject: Subject) -> None:
    """Its options, written to a config file, come back as they were."""
    given = subject.options
    if not given:
        raise CheckSkipped("it has no options")
    field = f"{subject.kind}_opt"
    if field not in TrainConfig.model_fields:
        raise CheckSkipped(f"a config file holds no options of a {subject.kind}")
    checked = check_options(subject.component, given)
    assert checked == given, f"Its defaults {given} don't fit their types, which make {checked}."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        write_config(TrainConfig.checked({field: given}), path)
        read = read_config(path).get(field, {})
    back = check_options(subject.component, read)
    assert back == given, f"Its options {given} come back from a config file as {back}."


def options_are_explained(subject: Subject) -> None:
    """The docstring says in its `Args:` section what each option means."""
    missing = [o.name for o in options_of(subject.component).values() if not o.meaning]
    assert not missing, f"Its docstring doesn't say what {', '.join(missing)} means."
