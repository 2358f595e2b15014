"""The checks of a loss."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from vaekit.errors import OptionError
from vaekit.loss import Needs, needs_of
from vaekit.model import seeded
from vaekit.options import Option, check_options, options_of
from vaekit.testing import options
from vaekit.testing.subject import CheckSkipped, Subject
from vaekit.testing.training import array, trains_ten_steps
from vaekit.types import Posterior, VAEOutput

SHAPE, LATENTS = (8, 8, 1), 3
STEPS = (0, 7, 1000, 1_000_000)
LATE = (1_000_000_000, 2_000_000_000)
_DRAWS = 20_000


class Batch(NamedTuple):
    """Images, and what a model might make of them, as arrays."""

    x: np.ndarray
    reconstruction: np.ndarray
    z_mean: np.ndarray
    z_log_var: np.ndarray
    noise: np.ndarray

    def rows(self, order: Any) -> Batch:
        """The images of these numbers."""
        return Batch(*(part[order] for part in self))


def a_batch(count: int = 6) -> Batch:
    """A batch of values that are fair both as means and as logits."""
    rng = np.random.default_rng(0)
    x, reconstruction = rng.uniform(0.2, 0.8, (2, count, *SHAPE))
    mean, log_var, noise = rng.normal(0, 0.7, (3, count, LATENTS))
    return Batch(*(a.astype("float32") for a in (x, reconstruction, mean, log_var, noise)))


def made(subject: Subject, **given: Any) -> tuple[Any, Needs]:
    """The loss with these options, and its needs."""
    loss = subject.make(**{**subject.options, **given})
    return loss, needs_of(loss, subject.name)


def raw_terms(loss: Any, needs: Needs, batch: Batch, step: int = 0) -> Mapping[str, Any]:
    """What the loss gives for a batch at a step."""
    tensors = Batch(*(ops.convert_to_tensor(part) for part in batch))
    posterior = Posterior(tensors.z_mean, tensors.z_log_var)
    z = tensors.z_mean + ops.exp(0.5 * tensors.z_log_var) * tensors.noise
    reconstruction = tensors.reconstruction
    if needs.samples > 1:
        z, reconstruction = (
            ops.stack([part] * needs.samples, axis=0) for part in (z, reconstruction)
        )
    adversary = None
    if needs.adversary is not None:
        with seeded(0):
            adversary = needs.adversary.build(SHAPE, LATENTS)
    schedule = schedule_at(needs, step)
    return loss(
        tensors.x,
        VAEOutput(reconstruction, posterior, z, schedule, adversary, dataset_size=1000),
    )


def terms(loss: Any, needs: Needs, batch: Batch, step: int = 0) -> dict[str, np.ndarray]:
    """The same as arrays."""
    given = raw_terms(loss, needs, batch, step)
    return {name: array(term).astype("float64") for name, term in given.items()}


def schedule_at(needs: Needs, step: int) -> dict[str, Any]:
    """The present value of each schedule."""
    now = ops.convert_to_tensor(step, dtype="int32")
    return {name: schedule(now) for name, schedule in needs.schedules.items()}


def terms_are_per_image(subject: Subject) -> None:
    """It gives named terms of one float each image, whatever the size of the batch."""
    loss, needs = made(subject)
    for count in (2, 5):
        given = raw_terms(loss, needs, a_batch(count))
        assert isinstance(given, Mapping), f"It gives a {type(given).__name__}, not named terms."
        assert given, "It gives no terms."
        for name, term in given.items():
            shape = tuple(getattr(term, "shape", ()))
            assert shape == (count,), f"For {count} images, its term {name!r} has shape {shape}."
            dtype = keras.backend.standardize_dtype(term.dtype)
            assert "float" in dtype, f"Its term {name!r} is {dtype}."


def terms_are_finite(subject: Subject) -> None:
    """Its terms are finite also where pixels, reconstructions and posteriors are extreme."""
    loss, needs = made(subject)
    batch = a_batch(4)
    ends = (0.0, 1.0) if needs.scale == "mean" else (-60.0, 60.0)
    for pixel, end, log_var in itertools.product((0.0, 1.0), ends, (-12.0, 6.0)):
        extreme = batch._replace(
            x=np.full_like(batch.x, pixel),
            reconstruction=np.full_like(batch.reconstruction, end),
            z_log_var=np.full_like(batch.z_log_var, log_var),
        )
        for name, term in terms(loss, needs, extreme).items():
            assert np.isfinite(term).all(), (
                f"Its term {name!r} is {term[0]} for pixels {pixel} reconstructed as {end} "
                f"({needs.scale}) and log-variance {log_var}."
            )


def order_of_images_changes_nothing(subject: Subject) -> None:
    """Each image has the same terms wherever in the batch it stands."""
    loss, needs = made(subject)
    batch = a_batch()
    order = np.random.default_rng(1).permutation(len(batch.x))
    straight, turned = terms(loss, needs, batch), terms(loss, needs, batch.rows(order))
    for name, term in straight.items():
        if term.shape != order.shape:
            raise CheckSkipped("its terms are not per image; another check says so")
        np.testing.assert_allclose(
            turned[name],
            term[order],
            rtol=1e-4,
            atol=1e-5,
            err_msg=f"Its term {name!r} depends on the order of the images.",
        )


def gives_the_same_twice(subject: Subject) -> None:
    """Called again, or made again, it gives the same: it keeps nothing from call to call."""
    loss, needs = made(subject)
    batch = a_batch()
    first, again = terms(loss, needs, batch), terms(loss, needs, batch)
    other = terms(*made(subject), batch)
    for name, term in first.items():
        for what, later in (("called again", again), ("made again", other)):
            assert np.array_equal(term, later[name]), f"{what}, its term {name!r} is another."


def schedules_reach_their_ends(subject: Subject) -> None:
    """Each schedule gives finite scalars from step 0 on, and stays at its end, its `value`."""
    found = False
    for choice in choices(subject):
        _, needs = made(subject, **choice)
        for name, schedule in needs.schedules.items():
            found = True
            values = [array(schedule_at(needs, step)[name]) for step in (*STEPS, *LATE)]
            who = f"Its schedule {name!r} with {choice}" if choice else f"Its schedule {name!r}"
            assert all(value.shape == () for value in values), f"{who} gives no scalars."
            assert np.isfinite(values).all(), f"{who} gives {values}."
            assert values[-1] == values[-2], f"{who} doesn't settle: {values}."
            end = getattr(schedule, "value", None)
            if end is not None:
                assert np.isclose(values[-1], end), f"{who} ends at {values[-1]}, not at {end}."
    if not found:
        raise CheckSkipped("it has no schedules")


def every_option_has_an_effect(subject: Subject) -> None:
    """Another value of an option changes what the loss gives or needs."""
    known = options_of(subject.component)
    if not known:
        raise CheckSkipped("it has no options")
    for name, option in known.items():
        others = list(other_values(subject, option))
        if not others:
            continue
        # Some options matter only where another one is chosen: a warm-up's length, say.
        changed = any(
            fingerprint(subject, choice) != fingerprint(subject, {**choice, name: other})
            for choice in choices(subject)
            for other in others
        )
        shown = ", ".join(map(repr, others))
        assert changed, f"Its option {name!r} has no effect: {option.default!r} is like {shown}."


def exact_reconstruction_is_a_minimum(subject: Subject) -> None:
    """On means, the gradient is zero where the reconstruction is exact."""
    losses = [made(subject, **choice) for choice in choices(subject)]
    fit = [(loss, n) for loss, n in losses if n.scale == "mean" and n.adversary is None]
    if not fit:
        raise CheckSkipped("it works on logits, or against an adversary")
    batch = a_batch()
    noise = np.random.default_rng(2).standard_normal(batch.x.shape)
    nudges = [(0.05 * way).astype("float32") for way in (np.ones_like(noise), noise)]
    for (loss, needs), nudge in itertools.product(fit, nudges):
        exact, up, down = (
            _total(loss, needs, batch._replace(reconstruction=batch.x + by))
            for by in (0.0, nudge, -nudge)
        )
        # Nudged either way, an even function rises alike: its slope at the exact image is zero.
        rise = abs(up - exact) + abs(down - exact)
        assert abs(up - down) <= 0.01 * rise + 1e-4, (
            "Its gradient is not zero where the reconstruction is exact: nudged one way it changes "
            f"by {up - exact:.4g}, the other way by {down - exact:.4g}."
        )
        assert up + down >= 2 * exact, "An exact reconstruction is not its least."


def _total(loss: Any, needs: Needs, batch: Batch) -> float:
    return float(sum(term.sum() for term in terms(loss, needs, batch).values()))


def kl_agrees_with_monte_carlo(subject: Subject) -> None:
    """A term called `kl` is KL(q(z|x) || N(0, I)) in nats."""
    batch = a_batch(4)
    given = terms(*made(subject), batch)
    if "kl" not in given:
        raise CheckSkipped("it has no term 'kl'")
    noise = np.random.default_rng(3).standard_normal((_DRAWS, *batch.z_mean.shape))
    z = batch.z_mean + np.exp(0.5 * batch.z_log_var) * noise
    draws = 0.5 * (z**2 - noise**2 - batch.z_log_var).sum(axis=-1)
    expected, error = draws.mean(axis=0), draws.std(axis=0) / _DRAWS**0.5
    assert (np.abs(given["kl"] - expected) < 6 * error).all(), (
        f"Its term 'kl' is {given['kl'].round(3)}; {_DRAWS} draws give {expected.round(3)} nats."
    )


def choices(subject: Subject) -> list[dict[str, Any]]:
    """Every combination of the options that are a choice from a list (the first 64)."""
    named = {
        name: typing.get_args(option.annotation)
        for name, option in options_of(subject.component).items()
        if typing.get_origin(option.annotation) is typing.Literal
    }
    combinations = itertools.islice(itertools.product(*named.values()), 64)
    return [dict(zip(named, values, strict=True)) for values in combinations]


def other_values(subject: Subject, option: Option) -> Iterator[Any]:
    """Values of an option that its type takes, other than its default."""
    default = option.default
    candidates: tuple[Any, ...] = typing.get_args(option.annotation)
    if isinstance(default, bool):
        candidates = (not default,)
    elif isinstance(default, int):
        candidates = (default + 1, default * 2, default - 1, default // 2)
    elif isinstance(default, float):
        candidates = (default * 2, default / 2, default + 0.5, default - 0.5)
    elif typing.get_origin(option.annotation) is not typing.Literal:
        candidates = ()
    for value in candidates:
        try:
            checked = check_options(subject.component, {option.name: value})[option.name]
        except OptionError:
            continue
        if checked != default:
            yield checked


def fingerprint(subject: Subject, given: dict[str, Any]) -> tuple[Any, ...]:
    """What the loss needs and gives at several steps, to be compared."""
    loss, needs = made(subject, **given)
    batch = a_batch()
    values = {
        (step, name): term.tobytes()
        for step in STEPS
        for name, term in terms(loss, needs, batch, step).items()
    }
    schedule = [
        float(array(value)) for step in STEPS for value in schedule_at(needs, step).values()
    ]
    ticks = [
        float(array(schedule(ops.convert_to_tensor(step, dtype="int32"))))
        for schedule in needs.schedules.values()
        for step in range(0, 60_000, 997)
    ]
    likelihood = (
        needs.likelihood
        and array(
            needs.likelihood.log_prob(*map(ops.convert_to_tensor, (batch.x, batch.reconstruction)))
        ).tobytes()
    )
    return values, schedule, ticks, needs.scale, needs.samples, likelihood, _adversary(needs)


def _adversary(needs: Needs) -> tuple[Any, ...]:
    """The adversary's optimizer and network, to be compared."""
    if needs.adversary is None:
        return ()
    with seeded(0):
        network = needs.adversary.build(SHAPE, LATENTS)
    shapes = [(weight.name, tuple(weight.shape)) for weight in network.weights]
    return needs.adversary.optimizer().get_config(), shapes


CHECKS = (
    terms_are_per_image,
    terms_are_finite,
    order_of_images_changes_nothing,
    gives_the_same_twice,
    schedules_reach_their_ends,
    every_option_has_an_effect,
    exact_reconstruction_is_a_minimum,
    kl_agrees_with_monte_carlo,
    trains_ten_steps,
    options.options_round_trip,
    options.options_are_explained,
)
