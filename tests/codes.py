"""A latent of codes for tests: one of a few vectors an image, its usage counted in a variable."""

from __future__ import annotations

import math
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from keras import layers, ops

import vaekit
from vaekit import distributions
from vaekit.errors import DataError
from vaekit.plugins import discovery
from vaekit.stock_layers import fixed_dense, flattened

CODES = 6


class Codes(vaekit.Latent):
    """The code of the largest score, its gradient passed straight through."""

    support = "codes"

    def __init__(self, latent_dim):
        self.latent_dim = latent_dim
        self.codebook = layers.Dense(latent_dim, use_bias=False, name="codebook")
        self.usage = keras.Variable(np.zeros(CODES, "float32"), trainable=False, name="usage")

    def shape(self, features):
        return (self.latent_dim,)

    def heads(self, features):
        return {"scores": layers.Dense(CODES, name="encoder_scores")(flattened(features))}

    def posterior(self, parameters):
        return distributions.PointMass(self.codebook(_chosen(parameters["scores"])))

    def point(self, parameters):
        sharp = layers.Rescaling(1e6)(parameters["scores"])
        return self.codebook(layers.Softmax()(sharp))

    def infer(self, parameters, given):
        scores = parameters["scores"]
        chosen, soft = _chosen(scores), ops.softmax(scores)
        z = self.codebook(chosen + soft - ops.stop_gradient(soft))
        if given.training:
            self.usage.assign(0.9 * self.usage + 0.1 * ops.mean(chosen, axis=0))
        kl = ops.full_like(scores[:, :1], math.log(CODES))
        z = ops.broadcast_to(z, (*given.lead, *ops.shape(z)))
        return vaekit.Draw(z, self.posterior(parameters), None, kl, report={"chosen": chosen})

    def default_prior(self):
        return None

    def summary(self, means):
        shares = means["chosen"]
        entropy = -np.sum(shares * np.log(np.maximum(shares, 1e-12)))
        return {"perplexity": float(np.exp(entropy)), "codes_used": int(np.sum(shares > 0))}

    def coordinates(self, z):
        codes = keras.ops.convert_to_numpy(self.codebook.kernel)
        nearest = np.square(z[:, None] - codes).sum(axis=-1).argmin(axis=1)
        return np.eye(CODES)[nearest]


class Numbered(Codes):
    """Codes that tell their numbers, of one index."""

    constant_kl = True
    code_name = "code"
    code_sizes = (CODES,)

    def encoded(self, parameters):
        sharp = layers.Softmax()(layers.Rescaling(1e6)(parameters["scores"]))
        return {"code": fixed_dense(sharp, np.arange(CODES)[:, None], "encoder_code")}

    def looked_up(self, code):
        if ((code < 0) | (code >= CODES)).any():
            raise DataError(f"A code is from 0 to {CODES - 1}.")
        return keras.ops.convert_to_numpy(self.codebook.kernel)[code[:, 0]]


def _chosen(scores):
    return ops.one_hot(ops.argmax(scores, axis=-1), CODES)


def codes(latent_dim):
    """One of six codes."""
    return Codes(latent_dim)


@contextmanager
def registered():
    """While entered, there is a latent `codes` beside this process's other parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_local_parts", dict(discovery._local_parts))
        vaekit.register_latent("codes", codes)
        try:
            yield
        finally:
            discovery.discover.cache_clear()
