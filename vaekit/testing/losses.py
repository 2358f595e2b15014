"""The checks of a loss."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import keras
import numpy as np

from vaekit.loss import PARAMETERS
from vaekit.testing.effects import varied
from vaekit.testing.loss_values import LossUnderCheck, a_batch, choices
from vaekit.testing.made_up_draws import takes_normals
from vaekit.testing.subject import Subject
from vaekit.testing.training import trained
from vaekit.testing.verdict import CheckSkipped, require, require_near

_DRAWS = 20_000


def terms_are_per_image(subject: Subject) -> None:
    """It gives named terms of one float each image, whatever the size of the batch."""
    loss = LossUnderCheck(subject)
    for count in (2, 5):
        batch = a_batch(count)
        _are_terms(loss.raw_terms(batch), count, "It")
        if loss.needs.adversary is not None:
            _are_terms(loss.raw_adversary_terms(batch), count, "Its adversary")


def _are_terms(terms: object, count: int, who: str) -> None:
    if not isinstance(terms, Mapping):
        raise AssertionError(f"{who} gives a {type(terms).__name__}, not named terms.")
    require(terms, f"{who} gives no terms.")
    for name, term in terms.items():
        shape = tuple(getattr(term, "shape", ()))
        wrong = f"For {count} images, {who.lower()} gives a term {name!r} of shape {shape}."
        require(shape == (count,), wrong)
        dtype = keras.backend.standardize_dtype(term.dtype)
        require("float" in dtype, f"{who} gives a term {name!r} that is {dtype}.")


def terms_are_finite(subject: Subject) -> None:
    """Its terms are finite also where pixels, reconstructions and posteriors are extreme."""
    loss = LossUnderCheck(subject)
    batch = a_batch(4)
    ends = (0.0, 1.0) if loss.needs.scale == "mean" else (-60.0, 60.0)
    for pixel, end, log_var in itertools.product((0.0, 1.0), ends, (-12.0, 6.0)):
        extreme = batch._replace(
            x=np.full_like(batch.x, pixel),
            reconstruction=np.full_like(batch.reconstruction, end),
            z_log_var=np.full_like(batch.z_log_var, log_var),
        )
        for name, term in loss.all_terms(extreme).items():
            require(
                np.isfinite(term).all(),
                f"Its term {name!r} is {term} for pixels {pixel} reconstructed as {end} "
                f"({loss.needs.scale}) and log-variance {log_var}.",
            )


def order_of_images_changes_nothing(subject: Subject) -> None:
    """Each image has the same terms wherever in the batch it stands."""
    loss = LossUnderCheck(subject)
    batch = a_batch()
    order = np.random.default_rng(1).permutation(len(batch.x))
    straight, turned = loss.terms(batch), loss.terms(batch.rows(order))
    for name, term in straight.items():
        if term.shape != order.shape:
            raise CheckSkipped("its terms are not per image; another check says so")
        require_near(
            turned[name], term[order], f"Its term {name!r} depends on the order of the images"
        )


def gives_the_same_twice(subject: Subject) -> None:
    """Called again it gives the same: it keeps nothing from call to call, and draws by its seed."""
    loss = LossUnderCheck(subject)
    batch = a_batch()
    first, again = loss.all_terms(batch), loss.all_terms(batch)
    for name, term in first.items():
        same = np.array_equal(term, again[name])
        require(same, f"Called again on the same batch, its term {name!r} is another.")


def shares_no_state(subject: Subject) -> None:
    """Other instances, of whatever options, don't change what one gives."""
    loss = LossUnderCheck(subject)
    batch = a_batch()
    first, again = loss.all_terms(batch), loss.all_terms(batch)
    if any(not np.array_equal(term, again[name]) for name, term in first.items()):
        raise CheckSkipped("it gives something else at each call; another check says so")
    others = [{name: values[0]} for name, values in varied(subject).items()]
    for options in ({}, *others):
        LossUnderCheck(subject, **options).all_terms(batch)
    for name, term in loss.all_terms(batch).items():
        same = np.array_equal(term, first[name])
        require(same, f"Once another instance is made, its term {name!r} is another.")
    for name, term in LossUnderCheck(subject).all_terms(batch).items():
        same = np.array_equal(term, first[name])
        require(same, f"Made again after other instances, its term {name!r} is another.")


def gradients_reach_every_variable(subject: Subject) -> None:
    """Each variable of its own that it has for training moves when it's trained, and is saved."""
    if not LossUnderCheck(subject).own.trainable:
        raise CheckSkipped("it has no variable of its own to train")
    run = trained(subject)
    own = run.program.own
    saved = {id(variable) for variable in run.program.state}
    lost = [v.path for v in own.variables if id(v) not in saved]
    require(not lost, f"These variables of its own are in no checkpoint: {', '.join(lost)}.")
    wild = run.wild(own.trainable)
    require(not wild, f"Trained, these variables of its own are not finite: {', '.join(wild)}.")
    still = run.still(own.trainable)
    require(
        not still,
        f"No gradient reaches these variables of its own: {', '.join(still)}. Use them in a term, "
        "or make them with trainable=False.",
    )


def exact_reconstruction_is_a_minimum(subject: Subject) -> None:
    """The gradient is zero where the reconstruction is exact; of logits, where their sigmoid is.

    Which parameters are exact, of those that have a scale, hangs on the likelihood: they are left.
    """
    batch = a_batch()
    noise = np.random.default_rng(2).standard_normal(batch.x.shape)
    nudges = [(0.05 * way).astype("float32") for way in (np.ones_like(noise), noise)]
    for choice in choices(subject):
        loss = LossUnderCheck(subject, **choice)
        if loss.needs.scale == PARAMETERS:
            continue
        loss.silence_networks()  # what a critic makes of an image is not for this check
        at = batch.x if loss.needs.scale == "mean" else np.log(batch.x / (1.0 - batch.x))
        for nudge in nudges:
            exact, up, down, half_up, half_down = (
                loss.total(batch._replace(reconstruction=at + by))
                for by in (0.0, nudge, -nudge, 0.5 * nudge, -0.5 * nudge)
            )
            # Of the difference between either way, what grows as the nudge is the slope; what grows
            # as its cube, an eighth of which is left at half the nudge, is the loss's own shape.
            slope = (8.0 * (half_up - half_down) - (up - down)) / 3.0
            rise = abs(up - exact) + abs(down - exact)
            require(
                abs(slope) <= 0.01 * rise + 4e-6 * abs(exact) + 4e-4,
                "Its gradient is not zero where the reconstruction is exact: nudged one way it "
                f"changes by {up - exact:.4g}, the other way by {down - exact:.4g}.",
            )
            require(up + down >= 2 * exact, "An exact reconstruction is not its least.")


def kl_agrees_with_monte_carlo(subject: Subject) -> None:
    """A term called `kl` is KL(q(z|x) || p(z)) in nats, here from a standard normal."""
    batch = a_batch(4)
    loss = LossUnderCheck(subject)
    if not takes_normals(loss.needs):
        raise CheckSkipped("it takes no diagonal posterior with a standard normal prior")
    terms = loss.terms(batch)
    if "kl" not in terms:
        raise CheckSkipped("it has no term 'kl'")
    noise = np.random.default_rng(3).standard_normal((_DRAWS, *batch.z_mean.shape))
    z = batch.z_mean + np.exp(0.5 * batch.z_log_var) * noise
    draws = 0.5 * (z**2 - noise**2 - batch.z_log_var).sum(axis=-1)
    expected, error = draws.mean(axis=0), draws.std(axis=0) / _DRAWS**0.5
    require(
        (np.abs(terms["kl"] - expected) < 6 * error).all(),
        f"Its term 'kl' is {terms['kl'].round(3)}; {_DRAWS} draws give {expected.round(3)} nats.",
    )
