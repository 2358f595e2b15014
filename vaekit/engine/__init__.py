"""Compiled steps: many a call, on data that stays where the computing is, or streams there."""

from vaekit.config import MAX_STEPS
from vaekit.engine.averages import Renew, averages_of
from vaekit.engine.between_images import sets_images_against_each_other
from vaekit.engine.blueprint import Blueprint
from vaekit.engine.columns import Columns
from vaekit.engine.evaluation import Evaluation, score
from vaekit.engine.feed import HELD, batch_bytes
from vaekit.engine.objectives import Objective
from vaekit.engine.one_by_one import score_one_by_one
from vaekit.engine.pace import SECONDS_A_CALL, Pace
from vaekit.engine.program import Batch, Program
from vaekit.engine.scorer import Scorer
from vaekit.engine.segment_plan import least_held
from vaekit.engine.steps import (
    Steps,
    batches,
    compile_evaluate,
    compile_train,
    epoch_order,
)
from vaekit.engine.trained_model import ProgramModel

__all__ = [
    "HELD",
    "MAX_STEPS",
    "SECONDS_A_CALL",
    "Batch",
    "Blueprint",
    "Columns",
    "Evaluation",
    "Objective",
    "Pace",
    "Program",
    "ProgramModel",
    "Renew",
    "Scorer",
    "Steps",
    "averages_of",
    "batch_bytes",
    "batches",
    "compile_evaluate",
    "compile_train",
    "epoch_order",
    "least_held",
    "score",
    "score_one_by_one",
    "sets_images_against_each_other",
]
