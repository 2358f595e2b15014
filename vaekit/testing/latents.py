"""The checks of a latent."""

from __future__ import annotations

import itertools
from functools import partial

import keras
import numpy as np
from keras import ops

from vaekit.distributions import Distribution
from vaekit.errors import BuildError
from vaekit.testing.latent_values import (
    IMAGES,
    MAP,
    VECTOR,
    LatentUnderCheck,
    arrays,
    latent_of,
    latents,
    latents_of_sizes,
    new_latent,
)
from vaekit.testing.laws import (
    ERRORS,
    SPACES,
    Space,
    require_density_of_draws,
    require_draws,
    require_same_law,
    require_unit_integral,
)
from vaekit.testing.loss_values import choices
from vaekit.testing.subject import Subject
from vaekit.testing.supports import require_supported
from vaekit.testing.training import array, trained
from vaekit.testing.verdict import CheckSkipped, require

_DRAWS = 4_000
_DENSE_DRAWS = 40_000


def builds_or_refuses(subject: Subject) -> None:
    """On a vector or on a map it builds; what it refuses, it does by a sentence with its name."""
    built = False
    for latent_dim, features in itertools.product(subject.claims.latents, (VECTOR, MAP)):
        where = f"With latent_dim {latent_dim} and features of shape {features}"
        try:
            LatentUnderCheck(subject, latent_dim, features)
            built = True
        except BuildError as error:
            text = str(error)
            require(subject.name in text, f"{where}, it refuses without its name: {text}")
            whole = text.endswith((".", "!", "?")) and "\n" not in text
            require(whole, f"{where}, it refuses without a whole sentence: {text}")
        except Exception as error:
            raise AssertionError(
                f"{where}, it raises {type(error).__name__}: {error}. Where it can't be built, "
                "raise vaekit.BuildError with a sentence."
            ) from error
    require(built, "It takes neither a vector nor a map of features.")


def gives_the_declared_shape(subject: Subject) -> None:
    """Point and saved draw have the shape that it tells beforehand, whatever its choices are."""
    for choice in choices(subject):
        for latent in latents(subject, **choice):
            for what, model in (("point", latent.point), ("draw", latent.draw)):
                shape = tuple(model.outputs[0].shape[1:])
                require(
                    shape == latent.shape,
                    f"For features {latent.features.shape[1:]} it declares z of shape "
                    f"{latent.shape}, and its {what} has {shape}.",
                )
            require(
                len(latent.shape) in (1, 3),
                f"Its z has the shape {latent.shape}; it must be (D,) or (H, W, D).",
            )


def draws_are_flat(subject: Subject) -> None:
    """z is `(B, D)`, and `(K, B, D)` of K draws; all else that it gives is by image."""
    latent = latent_of(subject)
    for lead in ((), (3,)):
        draw, who = latent.infer(lead=lead), f"Asked for {lead[0] if lead else 'one'} draws"
        wanted = {"z": (*lead, IMAGES, latent.size)}
        if draw.log_ratio is not None:
            wanted["log_ratio"] = (*lead, IMAGES)
        wanted |= dict.fromkeys(draw.terms, (IMAGES,))
        values = arrays(draw)
        for name, shape in wanted.items():
            gives = values[name].shape
            require(gives == shape, f"{who}, it gives {name!r} of shape {gives}, not {shape}.")
        for name in ("kl", *draw.report):
            gives = values[name].shape
            fits = gives[:1] == (IMAGES,) and len(gives) in ((2,) if name == "kl" else (1, 2))
            require(fits, f"{who} for {IMAGES} images, it gives {name!r} of shape {gives}.")
        means = {name: values[name].mean(axis=0).reshape(-1) for name in draw.report}
        for name, figure in latent.latent.summary(means).items():
            require(np.ndim(figure) == 0, f"Its figure {name!r} is no number: {figure!r}.")


def draws_of_its_own_prior_have_its_size(subject: Subject) -> None:
    """A prior of its own draws `(*lead, D)`, one law for all images; as `prior` parts do."""
    latent = latent_of(subject)
    law = latent.latent.own_prior()
    if law is None:
        raise CheckSkipped("It has no prior of its own.")
    require_draws(law, latent.size, "Its own prior")


def stays_in_its_support(subject: Subject) -> None:
    """Points, draws, saved draws and what is between two points lie in its support."""
    latent = latent_of(subject)
    flat = (-1, latent.size)
    point = array(latent.point(latent.features, training=False))
    drawn = array(latent.draw(latent.features))
    share = np.array([0.0, 0.3, 0.5, 1.0])
    way = latent.latent.between(point[:1], point[1:2], share)
    support = latent.latent.support
    for what, z in (
        ("point", point),
        ("draw in `infer`", array(latent.infer().z)),
        ("saved draw", drawn),
        ("z between two points", way),
    ):
        require_supported(support, z.reshape(flat), f"Its {what}")


def goes_from_point_to_point(subject: Subject) -> None:
    """`between` begins at its first z and ends at its second; `coordinates` has a row a z."""
    latent = latent_of(subject)
    point = array(latent.point(latent.features, training=False))
    a, b = point[:-1, None], point[1:, None]
    way = latent.latent.between(a, b, np.tile(np.linspace(0.0, 1.0, 5), (len(a), 1)))
    shape = (len(a), 5, *point.shape[1:])
    require(way.shape == shape, f"Five z between two have the shape {way.shape}, not {shape}.")
    ends = np.abs(way[:, 0] - a[:, 0]).max(), np.abs(way[:, -1] - b[:, 0]).max()
    require(max(ends) < 1e-3, f"`between` misses its ends by {ends[0]:.2g} and {ends[1]:.2g}.")
    shown = latent.latent.coordinates(point)
    require(
        np.ndim(shown) == 2 and len(shown) == len(point),
        f"`coordinates` gives {np.shape(shown)} for {len(point)} z, not a row for each.",
    )


def codes_lead_to_its_point(subject: Subject) -> None:
    """Where it has codes, they are whole numbers by which its point is looked up."""
    latent = latent_of(subject)
    name = latent.latent.code_name
    if name is None:
        raise CheckSkipped("it has no codes")
    require(name in latent.told, f"Its `encoded` tells no {name!r}, which is its `code_name`.")
    told = latent.encoded.predict(latent.features, verbose=0)
    code = np.asarray((told if len(latent.told) > 1 else [told])[latent.told.index(name)])
    require(code.dtype.kind in "iu", f"Its code {name!r} is {code.dtype}, not whole numbers.")
    point = array(latent.point(latent.features, training=False))
    looked_up = latent.latent.looked_up(code)
    fits = looked_up.shape == point.shape
    require(fits, f"`looked_up` gives {looked_up.shape} where its point is {point.shape}.")
    apart = np.abs(looked_up - point).max()
    require(apart < 1e-4, f"`looked_up` misses its point by {apart:.2g}.")


def follows_its_seed(subject: Subject) -> None:
    """One seed gives the same weights and draws twice; another gives others."""
    latent = latent_of(subject)
    first, again, other = (array(latent.infer(seed).z) for seed in (0, 0, 1))
    require(np.array_equal(first, again), "Under one seed, it draws another z the second time.")
    if _draws(latent):
        require(not np.array_equal(first, other), "Under two seeds, it draws the same z.")
    one, two, three = (
        [array(variable) for variable in new_latent(subject, seed=seed).own.trainable]
        for seed in (0, 0, 1)
    )
    require(all(map(np.array_equal, one, two)), "Built twice under one seed, its weights differ.")
    differ = not one or not all(map(np.array_equal, one, three))
    require(differ, "Built under two seeds, it has the same weights.")


def _draws(latent: LatentUnderCheck) -> bool:
    """Whether the saved encoder gives another z at each call."""
    first, again = (array(latent.draw(latent.features)) for _ in range(2))
    return not np.array_equal(first, again)


def lead_axis_is_more_draws(subject: Subject) -> None:
    """K draws of an image are of the law of one, and each is another."""
    latent = latent_of(subject)
    several = array(latent.infer(lead=(_DRAWS,)).z)
    singly = array(latent.infer(features=latent.repeated(_DRAWS)).z)
    if _draws(latent):
        same = np.array_equal(several[0], several[1])
        require(not same, "Asked for several draws of each image, it gives one several times.")
    for image, rows in enumerate(np.split(np.arange(len(singly)), IMAGES)):
        require_same_law(
            several[:, image], singly[rows], "Several draws of an image are of another law than one"
        )


def saved_draw_agrees_with_infer(subject: Subject) -> None:
    """What the saved encoder draws is of the law that training draws from."""
    latent = latent_of(subject)
    if latent.latent.needs_likelihood:
        raise CheckSkipped("its law goes by the likelihood, which a saved encoder doesn't have")
    features = latent.repeated(_DRAWS)
    inferred, saved = array(latent.infer(features=features).z), array(latent.draw(features))
    for rows in np.split(np.arange(len(features)), IMAGES):
        require_same_law(
            inferred[rows],
            saved[rows].reshape(_DRAWS, -1),
            "Its `infer` and its saved draw are of different laws",
        )


def kl_agrees_with_log_ratio(subject: Subject) -> None:
    """The KL is the mean of log q(z|x) - log p(z) over draws, within their standard error."""
    latent = latent_of(subject)
    draw = latent.infer(lead=(_DRAWS,))
    log_ratio = latent.infer(1, lead=(_DRAWS,)).log_ratio
    if draw.log_ratio is None or log_ratio is None:
        raise CheckSkipped("it has no density")
    ratios = array(log_ratio).astype("float64")
    kl = array(draw.kl).sum(axis=-1)
    require(np.isfinite(ratios).all(), "Its log-ratio isn't finite at all of its draws.")
    mean, error = ratios.mean(axis=0), ratios.std(axis=0) / _DRAWS**0.5
    # The KL may be an estimate, too: by other draws, as far off.
    allowed = ERRORS * 2**0.5 * error + 1e-3 * (1.0 + np.abs(mean))
    require(
        (np.abs(kl - mean) < allowed).all(),
        f"Its KL is {kl.round(3)} nats; {_DRAWS} draws give {mean.round(3)}, with standard errors "
        f"{error.round(4)}.",
    )


def densities_integrate_to_one(subject: Subject) -> None:
    """Where z has one or two dimensions, the posterior's density integrates to 1."""
    told = False
    for latent, space in _small(subject):
        law = latent.latent.posterior(latent.parameters(latent.features[:1]))
        draws = law.sample(keras.random.SeedGenerator(0), (1000,))
        if law.log_prob(draws) is None:
            continue
        told = True
        log_prob = partial(_log_prob_of_first, law)
        require_unit_integral(space, log_prob, array(draws)[:, 0])
    if not told:
        raise CheckSkipped("it tells no density of any z of so few dimensions")


def _log_prob_of_first(law: Distribution, z: np.ndarray) -> np.ndarray:
    """The log-density, `(N,)`, of points `(N, D)` by the law of the one image that there is."""
    return array(law.log_prob(ops.convert_to_tensor(z[:, None])))[:, 0]


def draws_have_their_density(subject: Subject) -> None:
    """Where z has one or two dimensions, draws are as dense as their log-density says."""
    told = False
    for latent, space in _small(subject):
        law = latent.latent.posterior(latent.parameters(latent.features[:1]))
        z, log_q = law.sample_and_log_prob(keras.random.SeedGenerator(0), (_DENSE_DRAWS,))
        if log_q is None:
            continue
        told = True
        require_density_of_draws(space, array(z)[:, 0], array(log_q)[:, 0], "Its draws")
    if not told:
        raise CheckSkipped("it tells no density of so few dimensions")


def log_ratio_has_both_densities(subject: Subject) -> None:
    """Where z has one or two dimensions, `infer` tells log q(z|x) - log p(z) of its own draws.

    They are as dense as that and the prior's log-density together say.
    """
    told = False
    for latent, space in _small(subject):
        draw = latent.infer(lead=(_DENSE_DRAWS // 2,), features=latent.features[:1])
        log_p = None if latent.prior is None else latent.prior.log_prob(draw.z)
        if draw.log_ratio is None or log_p is None:
            continue
        told = True
        log_q = array(draw.log_ratio) + array(log_p)
        who = "By the log-ratio of `infer`, its draws"
        require_density_of_draws(space, array(draw.z)[:, 0], log_q[:, 0], who)
    if not told:
        raise CheckSkipped("it has no densities of so few dimensions")


def _small(subject: Subject) -> list[tuple[LatentUnderCheck, Space]]:
    """The latent where a density can be summed up. Skips the check where its support has none."""
    support = latent_of(subject).latent.support
    space = SPACES.get(support)
    if space is None:
        raise CheckSkipped(f"no measure is known on the support {support!r}")
    return [(latent, space) for latent in latents_of_sizes(subject, space.sizes)]


def evaluation_changes_nothing(subject: Subject) -> None:
    """Outside of training, `infer` assigns none of its variables."""
    latent = latent_of(subject)
    with keras.StatelessScope() as scope:
        latent.infer(training=False)
    assigned = [v.path for v in latent.own.variables if id(v) in scope.state_mapping]
    require(
        not assigned,
        f"Evaluating images changes {', '.join(assigned)}: assign only where `given.training`.",
    )


def keeps_its_state_in_variables(subject: Subject) -> None:
    """Trained for some steps and its variables put into a new one, both go on to the bit alike."""
    trained, restored = new_latent(subject), new_latent(subject)
    for step in range(3):
        trained.infer(step, training=True)
    pairs = zip(trained.own.variables, restored.own.variables, strict=True)
    for variable, other in pairs:
        other.assign(array(variable))
    one, two = (arrays(latent.infer(3, training=True)) for latent in (trained, restored))
    for name, value in one.items():
        require(
            np.array_equal(value, two[name]),
            f"Restored from its variables, it gives another {name!r}: what it has learned must be "
            "in Keras variables among its attributes.",
        )


def stays_float32_in_mixed_precision(subject: Subject) -> None:
    """Of float16 features it makes parameters, z, KL and log-ratio in float32, all finite."""
    latent = new_latent(subject, dtype="float16")
    parameters, draw = latent.parameters(), latent.infer()
    values = {**parameters, "z": draw.z, "kl": draw.kl, "log_ratio": draw.log_ratio}
    for name, value in values.items():
        if value is None:
            continue
        dtype = keras.backend.standardize_dtype(value.dtype)
        require(dtype == "float32", f"Of float16 features, it makes {name!r} in {dtype}.")
        require(np.isfinite(array(value)).all(), f"Of float16 features, {name!r} isn't finite.")


def gradients_reach_every_variable(subject: Subject) -> None:
    """Trained beside other parts, each of its weights moves and stays finite."""
    if not latent_of(subject).own.trainable:
        raise CheckSkipped("it has no weights")
    run = trained(subject)
    parts = run.program.vae.parts
    weights = [*parts["latent"], *parts["prior"]]  # which may be the latent's own
    still = run.still(weights)
    require(
        not still,
        f"Beside {run.beside}, no gradient reaches these weights: {', '.join(still)}. What no "
        "gradient is to move is made with trainable=False.",
    )
