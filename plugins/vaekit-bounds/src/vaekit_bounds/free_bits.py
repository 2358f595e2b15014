"""Free bits: what the KL has under a floor costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import vaekit
from annotated_types import Ge, Gt
from keras import ops
from vaekit import distributions
from vaekit.distributions import LikelihoodName, likelihood_named

from vaekit_bounds.closed_forms import forms_of
from vaekit_bounds.kl_bounds import Average, BoundedKL


class FreeBits(BoundedKL):
    """`reconstruction` and `floored_kl`, in nats; see `free_bits`."""

    def __init__(
        self,
        likelihood: distributions.Likelihood,
        floor: float,
        groups: int | None,
        average: Average,
    ) -> None:
        super().__init__(likelihood, average)
        self.floor, self.groups = floor, groups
        self.minimises = f"-log p(x|z) + KL, at least {floor:g} nats a group"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        kl = self.averaged(self._by_group(output.kl_by_unit))
        floored = ops.sum(ops.maximum(kl, self.floor), axis=-1)
        return {"reconstruction": self.reconstruction(x, output), "floored_kl": floored}

    def _by_group(self, kl: Any) -> Any:
        """The KL of each group, `(B, G)`, of that of each unit, `(B, U)`."""
        units, groups = kl.shape[-1], self.groups
        if groups is None:
            return kl
        if units % groups:
            raise vaekit.BuildError(
                f"The loss 'free-bits' can't make {groups} groups of equal size of a KL of {units} "
                "units. Choose groups that divide them, or leave the option out: each unit is then "
                "a group."
            )
        return ops.sum(ops.reshape(kl, (-1, groups, units // groups)), axis=-1)


def free_bits(
    *,
    floor: Annotated[float, Ge(0)] = 0.25,
    groups: Annotated[int, Ge(1)] | None = None,
    average: Average = "batch",
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """-E_q[log p(x|z)] + sum_g max(floor, KL_g), in nats, over groups g of the KL's units.

    Kingma et al., "Improving Variational Inference with Inverse Autoregressive Flow"
    (arXiv:1606.04934), section C.8: a group whose KL is under the floor has no gradient, so that
    nothing pulls it to the prior. KL_g is averaged over the batch first, as there, or is each
    image's own. A unit is a value of z, a channel of a map, a group of a ladder, or the whole of z
    where the posterior isn't a product. floor=0 is the plain negative ELBO.

    Args:
        floor: lambda, nats that each group may have for nothing.
        groups: how many groups of equal size the units make, in their order; none for one each.
        average: whether the KL under the floor is the batch's mean or each image's.
        likelihood: p(x|z) of a pixel.
        sigma: standard deviation of the Gaussian likelihood.
    """
    return FreeBits(likelihood_named(likelihood, sigma), floor, groups, average)


free_bits.closed_forms = forms_of(  # type: ignore[attr-defined]
    lambda: free_bits(floor=0.5, average="image", likelihood="gaussian", sigma=1.0),
    lambda known: {
        "reconstruction": -known.log_prob[0],
        "floored_kl": known.kl.clip(min=0.5).sum(axis=-1),
    },
)
