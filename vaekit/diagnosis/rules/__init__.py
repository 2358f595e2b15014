"""The illnesses that a diagnosis knows, causes before what follows from them."""

from __future__ import annotations

from vaekit.diagnosis.finding import Rule
from vaekit.diagnosis.rules.amortisation_gap import AmortisationGap
from vaekit.diagnosis.rules.batch_norm import BatchNormAverages
from vaekit.diagnosis.rules.dead_codes import DeadCodes
from vaekit.diagnosis.rules.decoder_variance import DecoderVariance
from vaekit.diagnosis.rules.images import ConstantImages, DuplicatedImages, WrongRange
from vaekit.diagnosis.rules.kl_weight import MeanForSum
from vaekit.diagnosis.rules.latent_size import TooFewLatents, TooManyLatents
from vaekit.diagnosis.rules.learning_rate import RateTooHigh, RateTooLow
from vaekit.diagnosis.rules.overfitting import Overfitting
from vaekit.diagnosis.rules.posterior_collapse import PosteriorCollapse
from vaekit.diagnosis.rules.prior_hole import PriorHole
from vaekit.diagnosis.rules.unfinished import Unfinished

RULES: tuple[Rule, ...] = (
    WrongRange(),
    ConstantImages(),
    DuplicatedImages(),
    RateTooHigh(),
    RateTooLow(),
    MeanForSum(),
    DecoderVariance(),
    BatchNormAverages(),
    PosteriorCollapse(),
    PriorHole(),
    DeadCodes(),
    Overfitting(),
    Unfinished(),
    AmortisationGap(),
    TooManyLatents(),
    TooFewLatents(),
)
