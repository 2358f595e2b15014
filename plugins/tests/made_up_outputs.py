"""Outputs of a model that never was, for losses; laws in closed form; gradients on any backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import vaekit
from parts import array, tensor

SHAPE = (3, 2, 1)


def arrays(terms: Any) -> dict[str, np.ndarray]:
    return {name: array(term) for name, term in terms.items()}


def output_of(
    mean: np.ndarray,
    log_var: np.ndarray,
    z: np.ndarray,
    dataset_size: int = 0,
    adversary: Any = None,
) -> vaekit.VAEOutput:
    """These posteriors and draws, with some reconstruction."""
    reconstruction = tensor(np.random.default_rng(9).normal(size=(len(z), *SHAPE)))
    return vaekit.VAEOutput(
        reconstruction,
        vaekit.Posterior(tensor(mean), tensor(log_var)),
        tensor(z),
        adversary=adversary,
        dataset_size=dataset_size,
    )


def batch_and_output(
    size: int = 7, latents: int = 3, dataset_size: int = 20, seed: int = 0, adversary: Any = None
) -> tuple[Any, vaekit.VAEOutput]:
    """Some images in [0, 1], and what a model might make of them."""
    rng = np.random.default_rng(seed)
    mean, log_var, noise = rng.normal(size=(3, size, latents))
    z = mean + np.exp(log_var / 2) * noise
    x = tensor(rng.random((size, *SHAPE)))
    return x, output_of(mean, log_var, z, dataset_size, adversary)


def normal_log_prob(z: np.ndarray, mean: Any = 0.0, log_var: Any = 0.0) -> np.ndarray:
    return -0.5 * (np.log(2 * np.pi) + log_var + (z - mean) ** 2 / np.exp(log_var))


def gaussian_log_prob(z: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Log N(z; 0, covariance) of each row."""
    _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
    return -0.5 * (log_det + np.einsum("ni,ij,nj->n", z, np.linalg.inv(covariance), z))


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """KL(N(0, C) || prod_j N(0, C_jj)) = (sum_j log C_jj - log det C) / 2."""
    return 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])


def gradients(value_of: Callable[[], Any], variables: Sequence[keras.Variable]) -> list[Any]:
    """The gradient of the scalar that `value_of` computes in `variables`."""
    if keras.backend.backend() == "jax":
        import jax

        def of(values: list[Any]) -> Any:
            with keras.StatelessScope(list(zip(variables, values, strict=True))):
                return value_of()

        return jax.grad(of)([variable.value for variable in variables])
    if keras.backend.backend() == "torch":
        import torch

        return list(torch.autograd.grad(value_of(), [variable.value for variable in variables]))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = value_of()
    return tape.gradient(value, [variable.value for variable in variables])
