"""Codes that nothing is ever encoded as."""

from __future__ import annotations

import math

from vaekit.diagnosis.evidence import Evidence
from vaekit.diagnosis.finding import Cure, Finding, Rule

_USED, _USED_WITHOUT_RESTART = 0.1, 0.5
_RESTART = {"restart": 0.05, "kmeans": 10}


class DeadCodes(Rule):
    """A small part of the codes has all images."""

    name = "dead-codes"
    title = "Dead codes"
    threshold = (
        "held-out images use less than a tenth of the codes, and so does their perplexity; less "
        "than half where the latent has an option `restart` that is 0"
    )
    source = (
        "perplexity is as many codes as are in use, were they in equal use (van den Oord et al., "
        "arXiv:1711.00937); Williams et al. (arXiv:2002.08111) restart codes that aren't. Codes of "
        "a grid may lie where no data are; those of a codebook that aren't used are only lost"
    )
    remedy = "codes that begin anew where the data are, by the latent's own options; else fewer"
    causes = ("unfinished",)

    def __call__(self, evidence: Evidence) -> Finding | None:
        used = evidence.kept_figures("codes_used")
        perplexities = evidence.kept_figures("perplexity")
        log_codes = evidence.log_codes
        if not used or len(used) != len(perplexities) or not log_codes:
            return None
        # Latents of several indices have as many codes as combinations: their logs add up.
        shares = sum(math.log(p) for p in perplexities) / len(perplexities)
        of_used = sum(math.log(max(u, 1)) for u in used) / len(used)
        least = _USED
        if evidence.config.part_options["latent"].get("restart", 1) == 0:
            least = _USED_WITHOUT_RESTART
        if max(of_used, shares) >= log_codes + math.log(least):
            return None
        codes = round(math.exp(log_codes))
        return self.finding(
            f"Of {codes:,} codes, held-out images use {math.exp(of_used):.3g}, with a perplexity "
            f"of {math.exp(shares):.3g}.",
            {"codes": codes, "used": math.exp(of_used), "perplexity": math.exp(shares)},
            _cure(evidence, math.exp(of_used)),
        )


def _cure(evidence: Evidence, used: float) -> Cure | None:
    options = evidence.options["latent"]
    values = evidence.config.part_options["latent"]
    changes = {
        name: default if (default := options[name].default) else least
        for name, least in _RESTART.items()
        if name in options and not values.get(name)
    }
    if changes:
        return Cure({"latent_opt": changes}, "codes begin where the data are")
    if "codes" in options:
        fewer = 2 ** math.ceil(math.log2(max(2 * used, 2)))
        return Cure({"latent_opt": {"codes": fewer}}, "what isn't used isn't there")
    return None
