"""The FactorVAE score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import vaekit
from annotated_types import Ge

from vaekit_disentanglement_metrics.factor_codes import FactorCodes, FactorMetric
from vaekit_disentanglement_metrics.factor_groups import FactorGroups, factor_groups

_FEWEST = 10  # images whose variance is taken


class FactorVAEScore(FactorMetric):
    """See `factor_vae_score`."""

    fewest = 100

    def __init__(self, votes: int, group: int, collapsed: float) -> None:
        self._votes, self._group, self._collapsed = votes, group, collapsed

    def measure(
        self, codes: FactorCodes, measurement: vaekit.Measurement
    ) -> Mapping[str, vaekit.Estimate]:
        groups = factor_groups(codes, _FEWEST)
        deviation = codes.z.std(axis=0)
        active = deviation > self._collapsed
        estimator = (
            f"majority vote of {self._votes:,}, judged on as many; {self._group} images each; "
            f"{int(active.sum())} of {len(active)} values of z; "
            f"seed {measurement.seed}"
        )
        if not active.any():
            note = f"No value of z has a standard deviation above {self._collapsed:g}."
            score = vaekit.Estimate(0.0, "", "higher", None, estimator, note)
        else:
            scaled = codes.z[:, active] / deviation[active]
            rng = np.random.default_rng(measurement.seed)
            factors, steadiest = self._draw(scaled, groups, rng)
            votes = np.zeros((scaled.shape[1], len(codes.names)), int)
            np.add.at(votes, (steadiest, factors), 1)
            factors, steadiest = self._draw(scaled, groups, rng)
            right = votes.argmax(axis=1)[steadiest] == factors
            score = vaekit.Estimate.mean(right, "", "higher", estimator, groups.note)
        return {"factor_vae_score": score}

    def _draw(
        self, z: np.ndarray, groups: FactorGroups, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Factors that stay, `(votes,)`, and the value of z that varies least with each.

        z: scaled to a variance of 1 over all images.
        """
        factors = rng.integers(len(groups.by_factor), size=self._votes)
        steadiest = np.empty_like(factors)
        for vote, factor in enumerate(factors):
            of_factor = groups.by_factor[factor]
            group = of_factor[rng.integers(len(of_factor))]
            if len(group) > self._group:
                group = rng.choice(group, self._group, replace=False, shuffle=False)
            steadiest[vote] = z[group].var(axis=0).argmin()
        return factors, steadiest


def factor_vae_score(
    *,
    votes: Annotated[int, Ge(10)] = 5000,
    group: Annotated[int, Ge(_FEWEST)] = 64,
    collapsed: Annotated[float, Ge(0)] = 0.05,
) -> vaekit.Metric:
    """The accuracy with which the value of z that varies least tells which factor stays.

    Kim and Mnih, "Disentangling by Factorising" (arXiv:1802.05983), section 4: of images that share
    the value of one factor, the value of z with the least variance, by its variance over all
    images, votes for that factor; each value of z stands for the factor that it voted for most.
    Groups are drawn of the images at hand, evenly over the values of a factor that 10 images share.
    Of F factors, chance is 1 / F.

    Args:
        votes: as many learn as are judged.
        group: how many images of a value are drawn; where there are fewer, all.
        collapsed: values of z with no larger a standard deviation over all images have no vote.
    """
    return FactorVAEScore(votes, group, collapsed)


factor_vae_score.claims = {"options": {"votes": 200}}  # type: ignore[attr-defined]
