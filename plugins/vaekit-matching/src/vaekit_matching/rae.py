"""Regularised autoencoders: no noise, a small z, and a penalty on the decoder."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge
from keras import ops
from vaekit import distributions

from vaekit_matching.kernels import kernels_of, spectral_norm, squared_norm
from vaekit_matching.slope import squared_slope
from vaekit_matching.squared_error import squared_error


class RAE(vaekit.Loss):
    """`reconstruction`, `z_penalty` = |z|^2 / 2, and a penalty on the decoder.

    Ghosh et al., "From Variational to Deterministic Autoencoders" (arXiv:1903.12436), equations 5
    to 7.

    penalty: the name of the last term.
    """

    posterior = distributions.PointMass
    prior = object
    penalty: str

    def __init__(self, beta: float, lambda_penalty: float) -> None:
        weights = {"reconstruction": 1.0, "z_penalty": beta, self.penalty: lambda_penalty}
        self.players = {"loss": vaekit.Loss.players["loss"]._replace(terms=weights)}
        of_decoder = self.penalty.replace("_", " ")
        self.minimises = (
            f"squared error + {beta:g} x |z|^2 / 2 + {lambda_penalty:g} x {of_decoder} of the "
            "decoder"
        )

    @abstractmethod
    def decoder_penalty(self, output: vaekit.VAEOutput) -> Any:
        """A scalar, or a value an image `(B,)`."""

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        error = squared_error(x, output.reconstruction)
        return {
            "reconstruction": error,
            "z_penalty": 0.5 * ops.sum(ops.square(output.z), axis=-1),
            self.penalty: self.decoder_penalty(output) * ops.ones_like(error),
        }


class RAEL2(RAE):
    """The penalty is `squared_weights`, the sum of squares of the decoder's kernels."""

    penalty = "squared_weights"

    def decoder_penalty(self, output: vaekit.VAEOutput) -> Any:
        return squared_norm(kernels_of(output.weights["decoder"]))


class RAEGP(RAE):
    """The penalty is `gradient_penalty`, |J|_F^2 of the decoder at z."""

    penalty = "gradient_penalty"

    def __init__(self, beta: float, lambda_penalty: float, directions: int) -> None:
        super().__init__(beta, lambda_penalty)
        self.directions = directions

    def decoder_penalty(self, output: vaekit.VAEOutput) -> Any:
        def at_rest(z: Any) -> Any:
            # In training, batch norm would make each image hang on all z.
            return output.decode(z, training=False)

        return squared_slope(at_rest, output.z, self.directions, output.seed)


class RAESN(RAE):
    """The penalty is `spectral_norm`, summed over the decoder's kernels."""

    penalty = "spectral_norm"

    def decoder_penalty(self, output: vaekit.VAEOutput) -> Any:
        kernels = kernels_of(output.weights["decoder"])
        return sum(spectral_norm(kernel, output.seed) for kernel in kernels)


def rae_l2(
    *,
    beta: Annotated[float, Ge(0)] = 0.01,
    lambda_l2: Annotated[float, Ge(0)] = 1e-4,
) -> vaekit.Loss:
    """RAE-L2: |x - x~|^2 + beta |z|^2 / 2 + lambda |W|^2, W being the decoder's kernels.

    Ghosh et al., "From Variational to Deterministic Autoencoders" (arXiv:1903.12436), section 3.2.
    It is of latents without noise, such as `deterministic`; what is to be sampled is fitted to z
    after training. The defaults are about the authors' for MNIST. No likelihood, so no elbo.

    Args:
        beta: weight of half the squared z.
        lambda_l2: weight of the sum of squares of the decoder's kernels; biases are left out.
    """
    return RAEL2(beta, lambda_l2)


def rae_gp(
    *,
    beta: Annotated[float, Ge(0)] = 0.01,
    lambda_gp: Annotated[float, Ge(0)] = 0.01,
    directions: Annotated[int, Ge(1)] = 4,
) -> vaekit.Loss:
    """RAE-GP: |x - x~|^2 + beta |z|^2 / 2 + lambda |J|^2, J being the decoder's slope in z.

    Ghosh et al., "From Variational to Deterministic Autoencoders" (arXiv:1903.12436), section 3.2:
    all squares of the Jacobian are summed, so that a linear decoder W has |W|_F^2. It is taken of
    the decoder at rest. It is of latents without noise, such as `deterministic`; what is to be
    sampled is fitted to z after training. No likelihood, so no elbo.

    Args:
        beta: weight of half the squared z.
        lambda_gp: weight of the gradient penalty.
        directions: axes of z along which the slope is taken, drawn anew for each image and step;
            with as many as z has, the penalty is exact, else an unbiased estimate. Each costs some
            eight passes of the decoder.
    """
    return RAEGP(beta, lambda_gp, directions)


def rae_sn(
    *,
    beta: Annotated[float, Ge(0)] = 0.01,
    lambda_sn: Annotated[float, Ge(0)] = 0.01,
) -> vaekit.Loss:
    """RAE-SN: |x - x~|^2 + beta |z|^2 / 2 + lambda sum of the decoder kernels' spectral norms.

    Ghosh et al., "From Variational to Deterministic Autoencoders" (arXiv:1903.12436), section 3.2,
    with the largest singular value of each kernel as a penalty (as Yoshida and Miyato,
    arXiv:1705.10941), where the paper divides the kernel by it: a loss takes any decoder as it is.
    It is of latents without noise, such as `deterministic`; what is to be sampled is fitted to z
    after training. No likelihood, so no elbo.

    Args:
        beta: weight of half the squared z.
        lambda_sn: weight of the spectral norms.
    """
    return RAESN(beta, lambda_sn)
