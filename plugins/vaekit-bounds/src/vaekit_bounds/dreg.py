"""The doubly reparameterised gradient of the importance-weighted bound, for the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vaekit
from keras import ops

from vaekit_bounds.importance_weights import ImportanceWeighted, log_mean_exp


class DoublyReparameterisedIWAE(ImportanceWeighted):
    """The bound for two players, with another gradient for the encoder; see `iwae`.

    With v_k = w_k / sum_j w_j, the bound's gradient is sum_k v_k d log w_k. Of it, the decoder and
    the prior keep what is theirs, sum_k v_k d log p(x, z_k) at the draws z_k. The encoder's is
    sum_k v_k^2 (d log w_k / d z_k) d z_k instead: along the draws alone.

    Both terms have the value of minus the bound.
    """

    posterior = prior = vaekit.Distribution
    laws_of_z = True
    players: Mapping[str, vaekit.Player] = {
        "loss": vaekit.Player(("decoder", "prior"), {"negative_iwae": 1.0}),
        "encoder": vaekit.Player(("encoder", "latent"), {"negative_iwae_dreg": 1.0}),
    }
    minimises = "-IWAE bound, in nats, the encoder by its doubly reparameterised gradient"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        log_weights = self.log_weights(x, output)
        bound = log_mean_exp(log_weights)
        encoders = self._with_encoders_gradient(log_weights, output)
        return {
            "negative_iwae": -bound,
            "negative_iwae_dreg": -(ops.stop_gradient(bound - encoders) + encoders),
        }

    def _with_encoders_gradient(self, log_weights: Any, output: vaekit.VAEOutput) -> Any:
        """What has the encoder's gradient, `(B,)`; its value says nothing."""
        total = ops.logsumexp(log_weights, axis=0)
        weights = ops.stop_gradient(ops.exp(log_weights - total))
        at_rest = ops.stop_gradient(output.z)
        # Log w has -log q(z|x), whose gradient at a z that rests this takes away.
        along_the_draw = log_weights + self.by_draw(output.posterior.log_prob(at_rest))
        # A prior that moves with the encoder, as VampPrior's or a latent's own, keeps its weight.
        of_the_prior = self.by_draw(output.prior.log_prob(at_rest))
        squared = ops.square(weights)
        return ops.sum(squared * along_the_draw + (weights - squared) * of_the_prior, axis=0)
