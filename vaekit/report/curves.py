"""How training went, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vaekit.page import finite

# Columns that are no curve of their own: the epoch's number, and the KL that has its own chart.
_LEFT_OUT = ("epoch", "kl_dim_")
_SPEED = ("seconds", "images_per_s")


def curves_data(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of each column of a history, by epoch: the loss and its terms first, speed last.

    `training` or `validation` is None where a column has no such values; an epoch without one has
    None in its place. What metrics measured at the end alone is no curve.
    """
    columns = dict.fromkeys(name.removeprefix("val_") for row in rows for name in row)
    names = [name for name in columns if not name.startswith(_LEFT_OUT)]
    names.sort(key=lambda name: name in _SPEED)
    return {
        "epochs": [row["epoch"] for row in rows],
        "terms": [
            {"name": name, "training": training, "validation": validation}
            for name in names
            for training, validation in [(_column(rows, name), _column(rows, f"val_{name}"))]
            if training or validation
        ],
    }


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> list[float | None] | None:
    values = [finite(row[name]) if name in row else None for row in rows]
    epochs = sum(value is not None for value in values)
    return values if epochs >= min(2, len(rows)) else None
