"""What may be asked of an image, to tell whether it is an outlier."""

from collections.abc import Mapping

from vaekit.outliers.scores.elbo import ElboScore
from vaekit.outliers.scores.latent import LatentScore
from vaekit.outliers.scores.reconstruction import ReconstructionScore
from vaekit.outliers.scores.regret import RegretScore
from vaekit.outliers.scores.score import Score, Scored, Scoring

# Ready to be made by their names.
SCORES: Mapping[str, type[Score]] = {
    score.name: score for score in (ElboScore, ReconstructionScore, RegretScore, LatentScore)
}

__all__ = ["SCORES", "Score", "Scored", "Scoring"]
