"""Checks that a loss's options and schedules do what they are for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from vaekit.options import options_of
from vaekit.testing.loss_values import LossUnderCheck, a_batch, choices
from vaekit.testing.options import other_values
from vaekit.testing.subject import Subject
from vaekit.testing.training import array
from vaekit.testing.verdict import CheckSkipped, require

EARLY = (0, 7, 1000)
LATE = (1_000_000, 1_000_000_000, 2_000_000_000)
TICKS = (*EARLY, *range(1997, 60_000, 1997), *LATE)


def schedules_reach_their_ends(subject: Subject) -> None:
    """Each schedule gives finite scalars from step 0 on, and stays at its end, its `value`."""
    has_schedules = False
    for choice in choices(subject):
        loss = LossUnderCheck(subject, **choice)
        for name, schedule in loss.needs.schedules.items():
            has_schedules = True
            values = [array(loss.schedule(step)[name]) for step in (*EARLY, *LATE)]
            who = f"Its schedule {name!r} with {choice}" if choice else f"Its schedule {name!r}"
            require(all(value.shape == () for value in values), f"{who} gives no scalars.")
            course = ", ".join(f"{value:.4g}" for value in values)
            require(np.isfinite(values).all(), f"{who} goes {course}.")
            require(values[-1] == values[-2], f"{who} doesn't settle: it goes {course}.")
            end = getattr(schedule, "value", values[-1])
            require(
                np.isclose(values[-1], end), f"{who} ends at {values[-1]:.4g}, not at {end:.4g}."
            )
    if not has_schedules:
        raise CheckSkipped("it has no schedules")


def every_option_has_an_effect(subject: Subject) -> None:
    """Another value of an option changes the terms, players, networks or how many draws it asks."""
    options = options_of(subject.component)
    if not options:
        raise CheckSkipped("it has no options")

    @cache
    def effect_of(choice: tuple[tuple[str, Any], ...]) -> _Effect:
        return _Effect(LossUnderCheck(subject, **dict(choice)))

    for name, values in varied(subject).items():
        # Some options matter only where another one is chosen: a warm-up's length, say.
        changed = any(
            effect_of(tuple(choice.items())).differs_from(
                effect_of(tuple({**choice, name: other}.items()))
            )
            for choice in choices(subject)
            for other in values
        )
        others, default = ", ".join(map(repr, values)), options[name].default
        require(changed, f"Its option {name!r} has no effect: {default!r} is like {others}.")


def varied(subject: Subject) -> dict[str, list[Any]]:
    """Each option's values other than its default; without those of which none is known."""
    options = options_of(subject.component).items()
    values = {name: list(other_values(subject, option)) for name, option in options}
    return {name: others for name, others in values.items() if others}


class _Effect:
    """What a loss gives, to be compared with what it gives by other options."""

    def __init__(self, loss: LossUnderCheck) -> None:
        self._loss = loss
        self._needs = (loss.needs.scale, loss.needs.samples, _players(loss), _networks(loss))
        self._terms = cache(self._bytes)
        self._terms(0)  # now, before an instance that might share its state is made

    @cached_property
    def _schedule(self) -> list[dict[str, float]]:
        return [
            {name: float(array(value)) for name, value in self._loss.schedule(step).items()}
            for step in (TICKS if self._loss.needs.schedules else ())
        ]

    def _bytes(self, step: int) -> dict[str, bytes]:
        return {name: t.tobytes() for name, t in self._loss.terms(a_batch(), step).items()}

    def differs_from(self, other: _Effect) -> bool:
        """Whether the terms, the needs, the players or their networks differ."""
        if self._needs != other._needs or self._terms(0) != other._terms(0):
            return True
        # A schedule that the terms don't read has no effect, however it differs.
        pairs = itertools.zip_longest(TICKS, self._schedule, other._schedule)
        apart = [step for step, one, two in pairs if one != two]
        return any(self._terms(step) != other._terms(step) for step in apart[:3])


def _players(loss: LossUnderCheck) -> dict[str, Any]:
    """Who moves what, down which terms and by which optimizer, to be compared."""
    return {
        name: (
            player.moves,
            player.terms,
            None if player.optimizer is None else player.optimizer().get_config(),
        )
        for name, player in loss.needs.players.items()
    }


def _networks(loss: LossUnderCheck) -> dict[str, Any]:
    """The weights of its networks, to be compared."""
    networks: Mapping[str, Any] = loss.networks
    return {
        name: [(weight.name, tuple(weight.shape)) for weight in network.weights]
        for name, network in networks.items()
    }
