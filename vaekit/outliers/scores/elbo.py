"""Minus the evidence lower bound."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le
from keras import ops

from vaekit.outliers.scores.score import Score, Scored, Scoring, each_by_the_same_draws
from vaekit.types import Images, Tensor


class ElboScore(Score):
    """-ELBO = KL(q(z|x) || p(z)) - E_q[log p(x|z)], in nats.

    It fails on images that are simpler than the normal ones, which the model finds more likely than
    those: Nalisnick et al., "Do Deep Generative Models Know What They Don't Know?"
    (arXiv:1810.09136). `RegretScore` is the remedy.

    draws: of z for each image.
    """

    name = "elbo"
    meaning = "minus the ELBO, in nats"
    needs = ("likelihood", "density")
    random = True

    draws: Annotated[int, Ge(1), Le(10_000)] = 16

    def of(self, images: Images, scoring: Scoring, *, maps: bool = False) -> Scored:
        model, draws = scoring.model, self.draws
        likelihood = model.likelihood
        assert likelihood is not None

        def minus_elbo(x: Tensor, labels: Tensor | None, seed: Any) -> Tensor:
            output = model.infer(x, labels, seed, draws)
            log_likelihood = likelihood.log_prob(x, output.reconstruction)
            return output.kl - ops.mean(ops.reshape(log_likelihood, (draws, 1)), axis=0)

        return Scored(each_by_the_same_draws(minus_elbo, images, scoring))
