"""What is said once, before the numbers: what is minimised, and what the ELBO takes for granted."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from vaekit.loss import Needs
from vaekit.types import ImageShape

_COLUMNS = 80


def legend(
    summary: str,
    needs: Needs,
    terms: Sequence[str],
    image_shape: ImageShape,
    *,
    bounded: bool = True,
    conditional: bool = False,
) -> list[str]:
    """Lines of at most 80 columns for people, in the order in which the numbers come.

    summary: of the loss, as it was registered. needs: what it says of itself.
    terms: the names of what it adds up. bounded: whether the latent and the prior have densities.
    conditional: whether encoder and decoder are told the class of an image.
    """
    minimised = needs.minimises or summary.removesuffix(".")
    total = " + ".join(terms)
    lines = [
        f"loss, minimised: {total}" + (f", that is {minimised}." if minimised else "."),
        _elbo(needs, image_shape, "log p(x|label)" if conditional else "log p(x)", bounded),
        "All numbers are means over images, (val ...) over held-out ones.",
    ]
    return [line for text in lines for line in _wrapped(text)]


def _elbo(needs: Needs, image_shape: ImageShape, evidence: str, bounded: bool) -> str:
    values = needs.law_of_images(image_shape)
    if values is None:
        return "There is no elbo, since the loss states no likelihood p(x|z)."
    if not bounded:
        return f"There is no elbo, since z has no density to bound {evidence} by."
    return (
        f"elbo, in nats, the larger the better: a bound on {evidence} for "
        f"{values}. No constant is left out, so it may differ from -loss."
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False)
