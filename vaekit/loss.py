"""What a loss is, and what it may ask of the kit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from vaekit.distributions import (
    DiagonalNormal,
    Likelihood,
    ParameterLikelihood,
    StandardNormal,
)
from vaekit.errors import BuildError
from vaekit.schedules import Schedule
from vaekit.types import ImageShape, Tensor, VAEOutput


class Adversary(ABC):
    """A network that is trained beside the VAE, against it, with an optimizer of its own.

    In each step the VAE's weights follow the loss's terms, in which `output.adversary` calls the
    network, and the network's weights follow the terms of this object. Neither follows the
    other's, and both see the same weights.
    """

    @abstractmethod
    def build(self, image_shape: ImageShape, latent_dim: int) -> Any:
        """The network, a built `keras.Model`."""

    @abstractmethod
    def optimizer(self) -> Any:
        """A new `keras.optimizers.Optimizer` for the network."""

    @abstractmethod
    def __call__(self, x: Tensor, output: VAEOutput, seed: Any) -> Mapping[str, Tensor]:
        """The network's own terms, each `(B,)`; their names differ from the loss's.

        output: as the loss gets it; its gradient stops here.
        seed: a `keras.random.SeedGenerator` for what must be drawn.
        """


class Player(NamedTuple):
    """Some of the model's parts and of the loss's networks, which one optimizer moves.

    All gradients of a step are taken before any weight moves.

    moves: of "encoder", "latent", "prior", "decoder" and the names of the loss's networks; each of
        them is moved by one player.
    terms: the weight of each term that it goes down; None: of all that no other player names, 1.
        A latent's own terms that no player names go, at weight 1, to the one that moves the
        latent.
    optimizer: makes a `keras.optimizers.Optimizer`; None: one like the run's.
    """

    moves: tuple[str, ...]
    terms: Mapping[str, float] | None = None
    optimizer: Callable[[], Any] | None = None


PARAMETERS = "parameters"
VAE_PARTS = ("encoder", "latent", "prior", "decoder")


class Loss(ABC):
    """A loss: named per-sample terms whose sum is minimised.

    Any callable with this signature will do; this class only writes the attributes down. Keras
    variables and layers that it holds are its own: they are trained and saved with the VAE.

    scale: what the loss takes as reconstruction: "mean" (values like x), "logits", or the
        "parameters" of its likelihood; see `vaekit.distributions.ParameterLikelihood`.
    samples: how many draws of z an image needs.
    schedules: weights by step; their present values come in `output.schedule`.
    likelihood: the p(x|z) that the reported `elbo` uses; None reports no `elbo`.
    posterior, prior: the types of q(z|x) and p(z) that it can use, in `output.posterior` and
        `output.prior`. A loss that goes by `output.kl` and `output.log_ratio` alone can use any:
        `vaekit.distributions.Distribution`.
    density: whether it needs `output.log_ratio`.
    laws_of_z: whether it takes `output.log_ratio` apart, so that it needs a posterior and a prior
        that are the laws of z itself: whose log-densities at z differ by it.
    weighs_kl: whether it weights, bounds or schedules the KL, so that it needs one that images and
        training change.
    bound: whether the sum of its terms is minus a lower bound on log p(x), which is reached where
        the posterior is exact: `vaekit prove` holds it to that.
    networks: its own networks, as `name: f(image_shape, latent_dim) -> keras.Model`; it finds them
        in `output.networks`.
    classifier: a network that tells the class of an image, `f(image_shape, classes)`, which gives
        logits `(B, classes)`. A loss that has one needs a condition, and takes images without a
        label, whose `output.labels` are -1; they are encoded and decoded under the class that it
        finds likeliest, and `output.under` tells what others would make of them. It is the network
        "classifier".
    players: who moves what, down which terms; the first has the loss's own variables, too.
    adversary: an `Adversary` that the loss is trained against; as players, a network and its own.
    minimises: the sum of the terms in a few words, said where training begins ("mean squared error
        + KL"); where it is empty, the summary that the loss was registered with.
    """

    scale: str = "mean"
    samples: int = 1
    schedules: Mapping[str, Schedule] = {}
    likelihood: Likelihood | None = None
    posterior: type = DiagonalNormal
    prior: type = StandardNormal
    density: bool = False
    laws_of_z: bool = False
    weighs_kl: bool = False
    bound: bool = False
    networks: Mapping[str, Callable[[ImageShape, int], Any]] = {}
    classifier: Callable[[ImageShape, int], Any] | None = None
    players: Mapping[str, Player] = {"loss": Player(VAE_PARTS)}
    adversary: Adversary | None = None
    minimises: str = ""

    @abstractmethod
    def __call__(self, x: Tensor, output: VAEOutput) -> Mapping[str, Tensor]:
        """The terms, each `(B,)`, in the units that the loss states."""


class Needs(NamedTuple):
    """What one loss asks of the kit, checked."""

    scale: str
    samples: int
    schedules: Mapping[str, Schedule]
    likelihood: Likelihood | None
    posterior: type
    prior: type
    density: bool
    laws_of_z: bool
    weighs_kl: bool
    networks: Mapping[str, Callable[[ImageShape, int], Any]]
    classifier: Callable[[ImageShape, int], Any] | None
    players: Mapping[str, Player]
    adversary: Adversary | None
    minimises: str

    def built_networks(
        self, image_shape: ImageShape, latent_dim: int, classes: int | None
    ) -> dict[str, Any]:
        """The loss's networks by name; `classes` are those of the condition, None without one."""
        networks = {name: build(image_shape, latent_dim) for name, build in self.networks.items()}
        if self.classifier is not None and classes is not None:
            networks[CLASSIFIER] = self.classifier(image_shape, classes)
        return networks

    def law_of_images(self, image_shape: ImageShape) -> str | None:
        """P(x|z) in words, "values that are Bernoulli"; None where the loss states none."""
        if self.likelihood is None:
            return None
        describe = getattr(self.likelihood, "describe", None)
        return describe(image_shape) if describe else f"the law {type(self.likelihood).__name__}"

    def decoded_shape(self, image_shape: ImageShape) -> ImageShape:
        """The shape of what the decoder makes of an image: of as many channels as parameters."""
        if not isinstance(self.likelihood, ParameterLikelihood):
            return image_shape
        return (*image_shape[:-1], self.likelihood.channels(image_shape[-1]))


def needs_of(loss: Any, name: str) -> Needs:
    """The needs of `loss`, with `Loss`'s defaults for what it doesn't say.

    Raises `BuildError`, calling the loss `name`, if it can't be called or asks for what isn't.
    """
    if not callable(loss):
        raise BuildError(f"The loss {name!r} must be callable as loss(x, output).")
    needs = Needs(*(getattr(loss, field, getattr(Loss, field)) for field in Needs._fields))
    if needs.scale not in ("mean", "logits", PARAMETERS):
        raise BuildError(
            f"The loss {name!r} asks for reconstructions as {needs.scale!r}; say mean, logits or "
            f"{PARAMETERS}."
        )
    if not isinstance(needs.samples, int) or needs.samples < 1:
        raise BuildError(f"The loss {name!r} asks for {needs.samples!r} samples; at least 1.")
    if needs.likelihood is not None and needs.likelihood.scale != needs.scale:
        raise BuildError(
            f"The loss {name!r} works on {needs.scale} and its likelihood on "
            f"{needs.likelihood.scale}; they must be the same."
        )
    if needs.scale == PARAMETERS and not isinstance(needs.likelihood, ParameterLikelihood):
        raise BuildError(
            f"The loss {name!r} works on {PARAMETERS}, so its likelihood must say how many there "
            "are and which image is their mean, by `channels` and `mean`: see "
            "vaekit.distributions.ParameterLikelihood."
        )
    needs = _with_adversary(needs, name)
    _check_players(needs, name)
    return needs


ADVERSARY = "adversary"
CLASSIFIER = "classifier"


def _with_adversary(needs: Needs, name: str) -> Needs:
    """The adversary of API 1 as what it is since: a network, and the player that moves it."""
    if needs.adversary is None:
        return needs
    if ADVERSARY in {*needs.networks, *needs.players}:
        raise BuildError(
            f"The loss {name!r} has an adversary, and a network or a player of that name beside "
            "it: give the latter another name."
        )
    return needs._replace(
        networks={**needs.networks, ADVERSARY: needs.adversary.build},
        players={**needs.players, ADVERSARY: Player((ADVERSARY,), {}, needs.adversary.optimizer)},
    )


def _check_players(needs: Needs, name: str) -> None:
    """Raise `BuildError` unless each part and each network is moved by one player."""
    networks = [*needs.networks, *([CLASSIFIER] if needs.classifier is not None else [])]
    parts = (*VAE_PARTS, *networks)
    for network in networks:
        if network in VAE_PARTS:
            raise BuildError(
                f"The loss {name!r} has a network {network!r}, which is a part of the model: give "
                "the network another name."
            )
    for player, declared in needs.players.items():
        if not isinstance(declared, Player) or not declared.moves:
            raise BuildError(
                f"The player {player!r} of the loss {name!r} must be a vaekit.Player that moves "
                f"some of {', '.join(parts)}; it is {declared!r}."
            )
    moved = [part for player in needs.players.values() for part in player.moves]
    for part in moved:
        if part not in parts:
            raise BuildError(
                f"A player of the loss {name!r} moves {part!r}; there are {', '.join(parts)}."
            )
        if moved.count(part) > 1:
            raise BuildError(f"Two players of the loss {name!r} move {part!r}: one has to.")
    for part in parts:
        if part not in moved:
            raise BuildError(f"No player of the loss {name!r} moves {part!r}: one has to.")
    if sum(player.terms is None for player in needs.players.values()) > 1:
        raise BuildError(
            f"Two players of the loss {name!r} go down all terms that no other names: name some."
        )
