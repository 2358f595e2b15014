"""Compiled steps: many a call, on data that stays where the computing is, or streams there."""

from vaekit.engine.base import MAX_STEPS, Steps, compile_evaluate, compile_train
from vaekit.engine.blueprint import Blueprint
from vaekit.engine.columns import Columns
from vaekit.engine.evaluation import Evaluation
from vaekit.engine.feed import HELD, batch_bytes
from vaekit.engine.order import batches, epoch_order
from vaekit.engine.program import Objective, Program

__all__ = [
    "HELD",
    "MAX_STEPS",
    "Blueprint",
    "Columns",
    "Evaluation",
    "Objective",
    "Program",
    "Steps",
    "batch_bytes",
    "batches",
    "compile_evaluate",
    "compile_train",
    "epoch_order",
]
