"""Who moves what down which terms: a loss's players, with a program's variables and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from vaekit.errors import BuildError
from vaekit.loss import VAE_PARTS, Needs, Player
from vaekit.types import Tensor


class Objective(NamedTuple):
    """Variables, and the optimizer that moves them down one total.

    total: its name. terms: the weight of each term in it, by name.
    """

    total: str
    variables: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    terms: Mapping[str, float]

    def sum(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The total of these terms."""
        return sum(
            terms[name] if weight == 1.0 else weight * terms[name]
            for name, weight in self.terms.items()
        )


def total_name(number: int, name: str) -> str:
    """What the total of a loss's player is reported as: the first's is `loss`."""
    return "loss" if number == 0 else f"{name}_loss"


def make_objectives(
    needs: Needs,
    movable: Mapping[str, Sequence[keras.Variable]],
    order: Sequence[keras.Variable],
    own: Sequence[keras.Variable],
    terms: Mapping[str, Sequence[str]],
    optimizer: keras.optimizers.Optimizer,
    *,
    loss_scaling: bool,
    loss_name: str,
) -> list[Objective]:
    """The objectives of a loss's players, their optimizers built.

    movable: the variables of each part and network. order: all of them, in the order in which an
        optimizer gets them. own: the loss's own, which the first player moves.
    terms: names of the terms of the loss, of the `latent` and of the `adversary`.
    optimizer: the run's. loss_scaling: whether what moves a part of the VAE scales its loss.

    Raises `BuildError` for a term that there isn't.
    """
    weights = _weights(needs.players, terms, loss_name)
    objectives: list[Objective] = []
    for number, (name, player) in enumerate(needs.players.items()):
        moved = {id(v) for part in player.moves for v in movable[part]}
        variables = [v for v in order if id(v) in moved]
        if number == 0:
            variables += own
        made = _optimizer(player, optimizer, first=number == 0)
        if loss_scaling and set(player.moves) & set(VAE_PARTS):
            made = keras.optimizers.LossScaleOptimizer(made)
        made.build(variables)
        objectives.append(Objective(total_name(number, name), variables, made, weights[name]))
    return objectives


def _optimizer(player: Player, run: keras.optimizers.Optimizer, *, first: bool) -> Any:
    if player.optimizer is not None:
        return player.optimizer()
    return run if first else type(run).from_config(run.get_config())


def _weights(
    players: Mapping[str, Player], terms: Mapping[str, Sequence[str]], loss_name: str
) -> dict[str, dict[str, float]]:
    """The terms of each player's total, with their weights."""
    named = {term for player in players.values() for term in player.terms or {}}
    weights: dict[str, dict[str, float]] = {}
    for name, player in players.items():
        if player.terms is None:
            weights[name] = dict.fromkeys((t for t in terms["loss"] if t not in named), 1.0)
        else:
            weights[name] = dict(player.terms)
        if "latent" in player.moves:
            weights[name] |= dict.fromkeys((t for t in terms["latent"] if t not in named), 1.0)
        if name == "adversary":
            weights[name] |= dict.fromkeys(terms["adversary"], 1.0)
        for term in weights[name]:
            if not any(term in some for some in terms.values()):
                raise BuildError(
                    f"The player {name!r} of the loss {loss_name!r} goes down the term {term!r}, "
                    f"and the loss gives {', '.join(terms['loss'])}."
                )
        if not weights[name]:
            raise BuildError(f"The player {name!r} of the loss {loss_name!r} has no term.")
    return weights
