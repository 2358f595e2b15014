"""The checks of a sampler."""

from __future__ import annotations

import numpy as np

from vaekit.errors import UserError
from vaekit.model import seeded
from vaekit.testing.sampler_values import SamplerUnderCheck, sampler_of, through_a_file
from vaekit.testing.subject import Subject
from vaekit.testing.supports import require_supported
from vaekit.testing.verdict import CheckSkipped, require


def gives_z_in_its_shape(subject: Subject) -> None:
    """Fitted on codes, it draws z `(count, *shape)`, finite, one and several."""
    made = sampler_of(subject)
    for count in (1, 5):
        z = made.sampler.sample(count, 0)
        shape = (count, *made.space.shape)
        require(
            isinstance(z, np.ndarray) and z.shape == shape,
            f"Asked for {count}, it gives {getattr(z, 'shape', type(z).__name__)}, not {shape}.",
        )
        require(np.isfinite(z).all(), "Its z isn't finite.")


def stays_in_its_support(subject: Subject) -> None:
    """What it draws lies where z of the latent does."""
    made = sampler_of(subject)
    z = made.sampler.sample(50, 0)
    require_supported(made.space.support, z.reshape(-1, z.shape[-1]), "Its z")


def follows_its_seed(subject: Subject) -> None:
    """One seed draws the same z twice, whatever the process has drawn; another draws another z."""
    sampler = sampler_of(subject).sampler
    draws = []
    for state, seed in enumerate((0, 0, 1)):
        with seeded(state):
            draws.append(sampler.sample(6, seed))
    first, again, other = draws
    require(np.array_equal(first, again), "Under one seed, it draws another z the second time.")
    require(not np.array_equal(first, other), "Under two seeds, it draws the same z.")


def fit_follows_its_inputs(subject: Subject) -> None:
    """Fitted twice on the same codes under the same seed, it has learned the same, to the bit."""
    made = SamplerUnderCheck(subject)
    one = dict(made.fitted().state())
    made.sampler = made.unfitted()
    two = made.fitted().state()
    same = one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)
    require(same, "Fitted twice on the same codes, its state differs.")


def state_comes_back(subject: Subject) -> None:
    """Restored from its state, which has been through a file, it draws the same z to the bit."""
    made = sampler_of(subject)
    try:
        state = through_a_file(made.sampler.state())
    except ValueError as error:
        raise AssertionError(f"Its state can't be saved without a pickle: {error}.") from error
    with seeded(1):
        restored = made.unfitted()
        restored.restore(state)
    require(
        np.array_equal(restored.sample(6, 0), made.sampler.sample(6, 0)),
        "Restored from its state, it draws another z.",
    )


def goes_by_the_labels(subject: Subject) -> None:
    """A conditional one draws another z of one class than of another, whatever their order."""
    made = SamplerUnderCheck(subject, labelled=True)
    if not made.sampler.conditional:
        raise CheckSkipped("it doesn't go by a condition")
    if not made.sampler.fitted:
        raise CheckSkipped("it goes by what the prior goes by")
    sampler = made.fitted()
    first, second = (sampler.sample(40, 0, labels=np.full(40, label, "int32")) for label in (0, 1))
    require(
        not np.array_equal(first, second),
        "It draws the same z for all classes, though it says that it's conditional.",
    )
    mixed = sampler.sample(4, 0, labels=np.array([1, 0, 0, 1], "int32"))
    require(len(mixed) == 4, f"Asked for 4 of two classes, it gives {len(mixed)}.")


def temperature_changes_its_draws(subject: Subject) -> None:
    """At a lower temperature it draws another z, of the same support."""
    made = sampler_of(subject)
    if not made.sampler.has_temperature:
        raise CheckSkipped("it has no temperature")
    try:
        cold = made.sampler.sample(50, 0, 0.3)
    except UserError as error:
        raise CheckSkipped(f"it has none here: {error}") from error
    require(
        not np.array_equal(cold, made.sampler.sample(50, 0)),
        "At another temperature it draws the same z, though it says that it has one.",
    )
    require_supported(made.space.support, cold.reshape(-1, cold.shape[-1]), "Its cold z")
