"""A sampler under check: fitted on made-up codes of a latent that it serves."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.distributions import Distribution
from vaekit.model import seeded
from vaekit.registry import KINDS, Component
from vaekit.sampler import Encodings, LatentSpace, Sampler
from vaekit.testing.latent_values import LatentUnderCheck, new_latent
from vaekit.testing.subject import Subject, registered
from vaekit.testing.training import array
from vaekit.testing.verdict import CheckSkipped
from vaekit.types import Tensor

IMAGES, CLASSES = 96, 2


class SamplerUnderCheck:
    """A sampler for z of a latent that it serves; in a run with a condition if `labelled`."""

    def __init__(self, subject: Subject, *, labelled: bool = False, **options: Any) -> None:
        self.beside = _served(subject.component)
        self.space = _space_of(self.beside, CLASSES if labelled else None)
        self._subject, self._options = subject, {**subject.options, **options}
        self.sampler = self.unfitted()

    def unfitted(self) -> Sampler:
        """The same, having learned nothing."""
        made: Sampler = self._subject.make(self.space, **self._options)
        return made

    @property
    def encodings(self) -> Encodings:
        """Codes as an encoder might give them, those of each class apart from the others."""
        return _encodings_of(self.beside, self.sampler, labelled=self.space.classes is not None)

    def fitted(self, seed: int = 0) -> Sampler:
        """It fitted, as the kit does: under the random state of the seed."""
        with seeded(seed):
            self.sampler.fit(self.encodings, seed)
        return self.sampler


def through_a_file(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A state as it comes back from a file. Raises `ValueError` for what would be a pickle."""
    file = io.BytesIO()
    np.savez(file, **dict(state))  # type: ignore[arg-type]  # NumPy's stub takes flags alone
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def sampler_of(subject: Subject) -> SamplerUnderCheck:
    """The sampler, fitted, shared by checks that don't change it."""
    return _sampler_of(subject.component)


@lru_cache(maxsize=1)
def _sampler_of(component: Component) -> SamplerUnderCheck:
    made = SamplerUnderCheck(Subject(component))
    made.fitted()
    return made


@lru_cache(maxsize=1)
def _served(component: Component) -> LatentUnderCheck:
    """The first installed latent that the sampler serves, that of a run that names none first.

    Skips the check if there is none.
    """
    default = KINDS["latent"].default
    parts = sorted(registered("latent"), key=lambda part: part.name != default)
    supports: tuple[str, ...] = ()
    for part in parts:
        try:
            beside = new_latent(Subject(part))
        except AssertionError:
            continue
        made: Sampler = Subject(component).make(
            _space_of(beside, None), **Subject(component).options
        )
        supports = made.supports or (beside.latent.support,)
        lacks_prior = made.needs_prior and beside.prior is None
        lacks_codes = made.needs_codes and beside.latent.code_name is None
        if beside.latent.support in supports and not (lacks_prior or lacks_codes):
            return beside
    raise CheckSkipped(f"no installed latent has z of support {' or '.join(supports)}")


def _space_of(beside: LatentUnderCheck, classes: int | None) -> LatentSpace:
    def prior_draws(
        count: int, seed: int, temperature: float, labels: np.ndarray | None
    ) -> np.ndarray:
        law = beside.prior
        assert law is not None
        law = law if temperature == 1.0 else law.tempered(temperature) or law
        z = array(law.sample(keras.random.SeedGenerator(seed), (count,)))
        return z.reshape(count, *beside.shape)

    def posterior(parameters: Mapping[str, Tensor]) -> Distribution:
        law: Distribution = beside.latent.posterior(
            {name: ops.convert_to_tensor(value) for name, value in parameters.items()}
        )
        return law

    return LatentSpace(
        shape=beside.shape,
        support=beside.latent.support,
        classes=classes,
        prior_law=lambda: beside.prior,
        prior_draws=prior_draws,
        posterior=posterior,
        code_shape=_code_shape(beside),
        looked_up=None if beside.latent.code_name is None else beside.latent.looked_up,
    )


def _code_shape(beside: LatentUnderCheck) -> tuple[int, ...] | None:
    name = beside.latent.code_name
    if name is None:
        return None
    return tuple(beside.encoded.outputs[beside.told.index(name)].shape[1:])


def _encodings_of(beside: LatentUnderCheck, sampler: Sampler, *, labelled: bool) -> Encodings:
    rng = np.random.default_rng(0)
    labels = np.arange(IMAGES, dtype="int32") % CLASSES
    features = rng.normal(size=(IMAGES, *beside.features.shape[1:]))
    centres = rng.normal(size=(CLASSES, *beside.features.shape[1:]))
    features = (0.3 * features + 2.0 * centres[labels]).astype("float32")
    parameters = {}
    if sampler.needs_posterior:
        parameters = {name: array(value) for name, value in beside.parameters(features).items()}
    codes, name = None, beside.latent.code_name
    if name is not None:
        told = beside.encoded(features)
        codes = array(told[beside.told.index(name)] if len(beside.told) > 1 else told)
    points = array(beside.point(features))
    return Encodings(points, parameters, labels if labelled else None, codes)
