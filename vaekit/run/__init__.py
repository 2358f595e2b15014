"""A run directory: written while training, read back as a `Run`."""

from vaekit.run.artifacts import custom_layers, save_artifacts
from vaekit.run.changes import find_changes, record_changes, refuse_changes, refuse_spent_rate
from vaekit.run.diagnose import diagnose_unloadable
from vaekit.run.environment import describe_environment
from vaekit.run.latent_lines import Traversal
from vaekit.run.measuring import (
    as_plain,
    build_metrics,
    measure,
    refuse_no_figures,
    refuse_unfit_metrics,
)
from vaekit.run.metric_fits import refuse_unfit
from vaekit.run.provenance import explained, own_data, parts_of, warn_of_changes
from vaekit.run.restore import blueprint_of, kept_checkpoint, restore_model, restore_program
from vaekit.run.run import Run, read_run
from vaekit.run.run_images import HeldOut
from vaekit.run.samplers import fit_sampler, weights_digest
from vaekit.run.verify import verify_run
from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.record import (
    DataRecord,
    MetricsRecord,
    PartRecord,
    RunRecord,
    Status,
    TrackerRecord,
    record_choices,
    record_parts,
)

__all__ = [
    "DataRecord",
    "HeldOut",
    "MetricsRecord",
    "PartRecord",
    "Run",
    "RunDirectory",
    "RunRecord",
    "Status",
    "TrackerRecord",
    "Traversal",
    "as_plain",
    "blueprint_of",
    "build_metrics",
    "custom_layers",
    "describe_environment",
    "diagnose_unloadable",
    "explained",
    "find_changes",
    "fit_sampler",
    "kept_checkpoint",
    "measure",
    "own_data",
    "parts_of",
    "read_run",
    "record_changes",
    "record_choices",
    "record_parts",
    "refuse_changes",
    "refuse_no_figures",
    "refuse_spent_rate",
    "refuse_unfit",
    "refuse_unfit_metrics",
    "restore_model",
    "restore_program",
    "save_artifacts",
    "verify_run",
    "warn_of_changes",
    "weights_digest",
]
