"""The files of a run, read and written without Keras: record, history, checksums, lock."""

from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.listing import ListedRun, find_runs, list_runs, state_of
from vaekit.run_directory.record import (
    DataRecord,
    MetricsRecord,
    PartRecord,
    RunRecord,
    Status,
)

__all__ = [
    "DataRecord",
    "ListedRun",
    "MetricsRecord",
    "PartRecord",
    "RunDirectory",
    "RunRecord",
    "Status",
    "find_runs",
    "list_runs",
    "state_of",
]
