"""A run directory: written while training, read back as a `Run`."""

from vaekit.run.artifacts import custom_layers, save_artifacts
from vaekit.run.directory import RunDirectory
from vaekit.run.provenance import explained, own_data, parts_of, warn_of_changes
from vaekit.run.record import describe_environment, describe_part, describe_parts
from vaekit.run.run import Run, read_run
from vaekit.run.verify import verify_run

__all__ = [
    "Run",
    "RunDirectory",
    "custom_layers",
    "describe_environment",
    "describe_part",
    "describe_parts",
    "explained",
    "own_data",
    "parts_of",
    "read_run",
    "save_artifacts",
    "verify_run",
    "warn_of_changes",
]
