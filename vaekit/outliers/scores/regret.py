"""Likelihood regret."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from vaekit.outliers.scores.score import Score, Scored, Scoring, each_by_the_same_draws
from vaekit.refinement import refined_posteriors
from vaekit.types import Images, Tensor


class RegretScore(Score):
    """By how much the ELBO rises when the image's own posterior is sought, in nats.

    Xiao, Yan and Amit, "Likelihood Regret" (arXiv:2003.02977), equation 7, by steps on the
    parameters of the posterior, section 4.2: an encoder gives nearly the best posterior of images
    like those that it was trained on, however complex they are, and a worse one of others.

    steps: of Adam, for each image. learning_rate: the first one's length; it falls to 0.
    draws: of z, in each step, and by which both ELBOs are told.
    """

    name = "regret"
    meaning = "likelihood regret, in nats"
    needs = ("likelihood", "density", "free-parameters")
    random = True

    steps: Annotated[int, Ge(1), Le(100_000)] = 100
    learning_rate: Annotated[float, Gt(0)] = 0.05
    draws: Annotated[int, Ge(1), Le(10_000)] = 16

    def of(self, images: Images, scoring: Scoring, *, maps: bool = False) -> Scored:
        def regret(x: Tensor, labels: Tensor | None, seed: Any) -> Tensor:
            elbos = refined_posteriors(
                scoring.model,
                x,
                labels,
                seed,
                steps=self.steps,
                learning_rate=self.learning_rate,
                draws=self.draws,
                measured_by=self.draws,
            )
            return elbos.refined - elbos.encoder

        return Scored(each_by_the_same_draws(regret, images, scoring))
