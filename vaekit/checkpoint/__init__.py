"""The whole state of a training run on disk, so that it goes on as if it had never stopped.

A checkpoint is a folder that never changes: `state.npz` (arrays), `state.json` (all else) and
`manifest.json` (sizes and SHA-256 of both). Nothing here imports Keras.
"""

from vaekit.checkpoint.folder import checkpoint_of, list_checkpoints
from vaekit.checkpoint.manifest import (
    MANIFEST,
    Damage,
    Entry,
    describe_bytes,
    describe_file,
    difference,
    parse_manifest,
    render_manifest,
)
from vaekit.checkpoint.read import (
    assign,
    damages,
    latest_checkpoint,
    load_checkpoint,
    read_checkpoint,
    whole_before,
)
from vaekit.checkpoint.state import Position, State, describe, snapshot
from vaekit.checkpoint.write import KEPT, Writer, drop_after, save_checkpoint

__all__ = [
    "KEPT",
    "MANIFEST",
    "Damage",
    "Entry",
    "Position",
    "State",
    "Writer",
    "assign",
    "checkpoint_of",
    "damages",
    "describe",
    "describe_bytes",
    "describe_file",
    "difference",
    "drop_after",
    "latest_checkpoint",
    "list_checkpoints",
    "load_checkpoint",
    "parse_manifest",
    "read_checkpoint",
    "render_manifest",
    "save_checkpoint",
    "snapshot",
    "whole_before",
]
