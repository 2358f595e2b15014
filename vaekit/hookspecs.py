"""The hooks that a plugin may implement: the whole contract, in one screen.

A plugin is a module (or object) named by an entry point of the group `vaekit`. It implements any
of the hooks below and calls `register` once for each part that it offers::

    import vaekit

    @vaekit.hookimpl
    def register_encoders(register):
        register("wide", "my_package.wide:wide", summary="Two wide convolutions.")

`register(name, factory, *, summary="")`

- `name`: what users type; lower case, digits, `-` and `_`.
- `factory`: a callable, or the text `"module:attribute"`, which is imported only once it's needed.
- `summary`: one line for `vaekit plugins`.

A factory's keyword arguments are its options. Their names, types, defaults and meanings (the
`Args:` section of its docstring) are what the command line and the config file offer.

What a plugin may use of vaekit is `vaekit.*` (the facade), these hooks, `vaekit.distributions`,
`vaekit.autodiff`, `vaekit.schedules`, `vaekit.stock_layers`, `vaekit.active_units` and
`vaekit.testing`; everything else may change at any time. `API_VERSION` numbers that, and rises with
whatever is added to it or changed in it. A plugin that was written for an older version works on,
down to `OLDEST_API_VERSION`, which rises when something goes away. A plugin may state the version
that it was written for, above its imports::

    VAEKIT_API_VERSION = 2

A vaekit that doesn't have that version then says so, instead of trying.
"""

from __future__ import annotations

from typing import Protocol

import pluggy

from vaekit.types import Factory

PROJECT = "vaekit"
API_VERSION = 2  # 2 added latents, priors, samplers, metrics, trackers, players, `latent_shape`
OLDEST_API_VERSION = 1  # the oldest that plugins may still be written for

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """Offer one part under a name."""

    def __call__(self, name: str, factory: Factory | str, *, summary: str = "") -> None: ...


@hookspec
def register_encoders(register: Register) -> None:
    """Offer encoder backbones: `f(image_shape, **options) -> keras.Model`.

    The model takes float32 images `(B, H, W, C)` in [0, 1] and gives features of any shape, from
    which the latent makes its parameters. Build it from stock Keras layers, so that saved encoders
    open in plain Keras.
    """


@hookspec
def register_latents(register: Register) -> None:
    """Offer latents: `f(latent_dim, **options) -> vaekit.Latent`.

    It makes parameters of features, a posterior q(z|x) of them, and draws of z: see
    `vaekit.Latent`.
    """


@hookspec
def register_decoders(register: Register) -> None:
    """Offer decoder backbones: `f(latent_dim, image_shape, **options) -> keras.Model`.

    The model takes `(B, latent_dim)` and gives `(B, H, W, C)`. A factory that names `latent_shape`
    instead takes z in its shape: `(B, h, w, d)` of a latent that is a map, `(B, d)` of one that
    isn't. Its last layer may have any activation: where the loss works on logits, the kit takes
    the activation off.
    """


@hookspec
def register_priors(register: Register) -> None:
    """Offer priors: `f(latent_size, image_shape, **options) -> vaekit.Prior`.

    latent_size: how many values z has, flat.
    """


@hookspec
def register_losses(register: Register) -> None:
    """Offer losses: `f(**options) -> loss`, with `loss(x, output) -> {name: tensor (B,)}`.

    `x` is the batch, `output` a `vaekit.VAEOutput`; the terms' sum is minimised. Attributes of
    the loss say what it needs; see `vaekit.Loss`.
    """


@hookspec
def register_samplers(register: Register) -> None:
    """Offer samplers: `f(latent_space, **options) -> vaekit.Sampler`.

    It is fitted on the codes of the training images and draws z for new ones. latent_space: a
    `vaekit.LatentSpace`, what the trained model tells of z.
    """


@hookspec
def register_metrics(register: Register) -> None:
    """Offer metrics: `f(**options) -> vaekit.Metric`.

    It gives named numbers of a trained model, each with its unit, its direction and its error.
    """


@hookspec
def register_trackers(register: Register) -> None:
    """Offer trackers: `f(**options) -> vaekit.Tracker`.

    It is told of a run while it trains, and passes that on: to files, a database or a service.
    """


@hookspec
def register_datasets(register: Register) -> None:
    """Offer data sets: `f(**options) -> vaekit.Dataset`."""
