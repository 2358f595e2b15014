"""The aggregate posterior q(z) = 1/N sum_j q(z|x_j), and how it lies to each q(z|x)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from keras import ops

import vaekit

# How many z are held against how many posteriors at once.
_DRAWS, _LAWS = 64, 512


class Draws(NamedTuple):
    """Of each image: parameters of its posterior by name `(N, ...)`, and one draw of it, `(N, D)`.

    more: what else was asked of it, `(N, ...)` by name.
    """

    parameters: Mapping[str, np.ndarray]
    z: np.ndarray
    more: Mapping[str, np.ndarray]


class Surgery(NamedTuple):
    """The two parts of an image's KL from the prior, `(N,)` each, in nats.

    information: log q(z|x) - log q(z), whose mean is I(x; z).
    aggregate_kl: the rest, whose mean is KL(q(z) || p(z)).
    """

    information: np.ndarray
    aggregate_kl: np.ndarray


def draws_of(
    measurement: vaekit.Measurement,
    images: vaekit.Images,
    more: Callable[[vaekit.VAEOutput, Any], Mapping[str, Any]],
) -> Draws:
    """A draw of each image's posterior. more: of the output and x -> tensors `(B, ...)` by name."""
    model = measurement.model

    def drawn(x: Any, labels: Any, seed: Any) -> Mapping[str, Any]:
        parameters = model.parameters(x, labels)
        output = model.infer(x, labels, seed, parameters=parameters)
        named = {f"parameter {name}": value for name, value in parameters.items()}
        return {**named, "draw z": output.z, **more(output, x)}

    values = dict(model.over(drawn, images, seed=measurement.seed))
    names = [name for name in values if name.startswith("parameter ")]
    parameters = {name.removeprefix("parameter "): values.pop(name) for name in names}
    return Draws(parameters, values.pop("draw z"), values)


def surgery(measurement: vaekit.Measurement, draws: Draws, kl: np.ndarray) -> Surgery | None:
    """What KL(q(z|x) || p(z)) of each image, `(N,)`, is made of.

    Hoffman and Johnson, "ELBO surgery" (2016), with the mixture of all N posteriors as q(z). The
    rest is taken of the KL itself and not of the draws, so that their noise is in neither part
    where posteriors are alike or apart.

    None where the posterior only knows the density of its own draws.
    """
    densities = _log_densities(measurement, draws)
    if densities is None:
        return None
    own, aggregate = densities
    return Surgery(own - aggregate, kl.astype("float64") - (own - aggregate))


def _log_densities(
    measurement: vaekit.Measurement, draws: Draws
) -> tuple[np.ndarray, np.ndarray] | None:
    """Log q(z|x) of each image's draw in its own posterior and log q(z) of it, `(N,)` each.

    None where the posterior only knows the density of its own draws.
    """
    posterior = measurement.model.latent_space.posterior
    count = len(draws.z)
    own, aggregate = np.empty(count), np.full(count, -np.inf)
    done = measurement.progress("aggregate posterior", count)
    for start in range(0, count, _DRAWS):
        rows = slice(start, start + _DRAWS)
        z = ops.convert_to_tensor(draws.z[rows])
        each = posterior(_of(draws.parameters, rows)).log_prob(z)
        if each is None:
            return None
        own[rows] = ops.convert_to_numpy(each)
        for first in range(0, count, _LAWS):
            laws = posterior(_of(draws.parameters, slice(first, first + _LAWS)))
            table = laws.log_prob(z[:, None])
            if table is None or table.shape[1] != len(draws.z[first : first + _LAWS]):
                return None
            block = np.logaddexp.reduce(np.asarray(ops.convert_to_numpy(table), "float64"), axis=1)
            aggregate[rows] = np.logaddexp(aggregate[rows], block)
        done(len(z))
    return own, aggregate - np.log(count)


def _of(parameters: Mapping[str, np.ndarray], rows: slice) -> Mapping[str, np.ndarray]:
    return {name: value[rows] for name, value in parameters.items()}
