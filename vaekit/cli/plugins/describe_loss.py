"""What `vaekit plugins show` says of a loss: its terms, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vaekit.cli.plugins.parts import SIZES, variable_facts, variables_text
from vaekit.errors import VaekitError

if TYPE_CHECKING:
    from vaekit.loss import Player
    from vaekit.registry import Component


def describe_loss(part: Component) -> dict[str, Any]:
    """The terms that a loss gives, and what it needs."""
    from vaekit.model import Context, Part, build_part
    from vaekit.options import resolved_options
    from vaekit.testing import subject_of
    from vaekit.testing.loss_values import LossUnderCheck, a_batch

    try:
        # A loss is handed neither images nor latents.
        needs = build_part(Part(part, resolved_options(part, {})), Context(SIZES[0], 2)).needs
    except VaekitError as error:
        return {"refused": str(error)}
    try:
        loss = LossUnderCheck(subject_of(part))
        terms, own = list(loss.raw_terms(a_batch())), loss.own
    except Exception as error:
        return {"refused": f"It fails on a batch of images: {type(error).__name__}: {error}"}
    return {
        "terms": terms,
        "scale": needs.scale,
        "samples": needs.samples,
        "schedules": list(needs.schedules),
        "likelihood": _type_of(needs.likelihood),
        "posterior": _wanted(needs.posterior),
        "prior": _wanted(needs.prior),
        "density": needs.density,
        "laws_of_z": needs.laws_of_z,
        "weighs_kl": needs.weighs_kl,
        "networks": list(needs.networks),
        "classifier": needs.classifier is not None,
        "players": {name: _player(player) for name, player in needs.players.items()},
        "adversary": _type_of(needs.adversary),
        "variables": variable_facts(own),
    }


def loss_lines(loss: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if "refused" in loss:
        yield f"  {loss['refused']}"
        return
    draws = "a draw of z" if loss["samples"] == 1 else f"{loss['samples']} draws of z"
    density = " with a density" if loss["density"] else ""
    laws = f"posterior {loss['posterior'] or 'any'}, prior {loss['prior'] or 'any'}{density}"
    yield f"  terms: {', '.join(loss['terms'])}"
    yield f"  takes: reconstructions as {loss['scale']}, {draws} an image; {laws}"
    yield f"  schedules: {', '.join(loss['schedules']) or 'none'}"
    yield f"  likelihood for the reported elbo: {loss['likelihood'] or 'none, so no elbo'}"
    yield f"  networks of its own: {', '.join(loss['networks']) or 'none'}"
    if loss["classifier"]:
        yield "  classifier of its own: it needs labels, and takes images without one"
    for name, player in loss["players"].items():
        rest = "all terms" if len(loss["players"]) == 1 else "all other terms"
        terms = rest if player["terms"] is None else ", ".join(player["terms"])
        yield f"  player {name}: moves {', '.join(player['moves'])}; down {terms}"
    yield f"  adversary: {loss['adversary'] or 'none'}"
    yield f"  variables of its own: {variables_text(loss['variables'])}"


def _player(player: Player) -> Mapping[str, Any]:
    return {
        "moves": list(player.moves),
        "terms": None if player.terms is None else dict(player.terms),
    }


def _wanted(law: type) -> str | None:
    """The type of law that it needs; None where it takes any."""
    from vaekit.distributions import Distribution

    return None if issubclass(Distribution, law) else law.__name__


def _type_of(value: Any) -> str | None:
    return None if value is None else type(value).__name__
