"""Compiled steps: many of them a call, on data that stays where the computing is."""

from vaekit.engine.base import MAX_STEPS, Steps, compile_evaluate, compile_train
from vaekit.engine.columns import Columns
from vaekit.engine.evaluation import Evaluation
from vaekit.engine.order import batches, epoch_order
from vaekit.engine.program import Objective, Program

__all__ = [
    "MAX_STEPS",
    "Columns",
    "Evaluation",
    "Objective",
    "Program",
    "Steps",
    "batches",
    "compile_evaluate",
    "compile_train",
    "epoch_order",
]
