"""The samplers of a run: fitted on its training images, saved with it, read back to draw z."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.checkpoint import snapshot
from vaekit.errors import BuildError, PluginError, RunError, UserError, VaekitError
from vaekit.model import VAE, Part, build_for, encodings_of, seeded
from vaekit.options import check_options, resolved_options
from vaekit.registry import Component, Registry
from vaekit.run.provenance import find_part, warn_of_change
from vaekit.run.sampler_file import About, read_sampler, write_sampler
from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.record import PartRecord
from vaekit.sampler import Sampler
from vaekit.types import Images
from vaekit.wording import option_text, worded

DEFAULT = "prior"  # what samples are drawn by in a run that was trained with no sampler


def fit_sampler(
    directory: RunDirectory, vae: VAE, part: Part, sampler: Sampler, images: Images, seed: int
) -> Path:
    """Fit a sampler on training images and save it in the run; give its file.

    images: their labels as the model takes them. Equal weights, images, options and seeds make
    equal files.

    Raises `BuildError` if the fit fails, `UserError` as the sampler does; what was there stays.
    """
    path = directory.sampler(part.name)
    with directory.held():
        encodings = encodings_of(
            vae, images.pixels, images.labels, posterior=sampler.needs_posterior
        )
        try:
            with seeded(seed):  # for the Keras layers that it builds
                sampler.fit(encodings, seed)
        except VaekitError:
            raise
        except Exception as error:
            raise BuildError(
                f"The sampler {part.name!r} of {part.component.distribution} "
                f"{part.component.version} can't be fitted: {type(error).__name__}: {error}"
            ) from error
        about = About(
            part=PartRecord.of(part.component, part.options),
            weights=weights_digest(vae),
            images=len(images.pixels),
        )
        path.parent.mkdir(exist_ok=True)
        with directory.changing(path):
            write_sampler(path, about, sampler.state())
    return path


def fitted_sampler(
    directory: RunDirectory, vae: VAE, name: str, latent_name: str, registry: Registry
) -> tuple[Part, Sampler]:
    """The sampler of this name, as it was fitted; or one for which there is nothing to fit.

    Raises `UnknownNameError` for a name that nothing has, `RunError` if it wasn't fitted, was
    fitted on other weights, is damaged, or its part is not installed.
    """
    path = directory.sampler(name.partition("@")[0])
    if not path.exists():
        return _unfitted(directory, vae, registry.get("sampler", name), latent_name)
    directory.checksums.read(path)  # which checks it
    about, state = read_sampler(path)
    component = find_part("sampler", about.part, registry)
    warn_of_change(component, about.part)
    if about.weights != weights_digest(vae):
        raise RunError(
            f"The sampler {component.name!r} of {directory.path} was fitted on other weights than "
            f"the run has now. Fit it again: {_fit_text(directory, component)}"
        )
    part = Part(component, check_options(component, about.part.options))
    sampler = build_for(vae, part, latent_name)
    try:
        sampler.restore(state)
    except (LookupError, ValueError, TypeError) as error:
        raise RunError(
            f"{path} holds no state of the sampler {component.name!r} ({error}). Fit it again: "
            f"{_fit_text(directory, component)}"
        ) from error
    return part, sampler


def _unfitted(
    directory: RunDirectory, vae: VAE, component: Component, latent_name: str
) -> tuple[Part, Sampler]:
    part = Part(component, resolved_options(component, {}))
    sampler: Sampler = build_for(vae, part, latent_name)
    if sampler.fitted:
        raise RunError(
            f"{directory.path} has no fitted sampler {component.name!r}: "
            f"{_fit_text(directory, component)}"
        )
    return part, sampler


def drawn(
    vae: VAE,
    part: Part,
    sampler: Sampler,
    count: int,
    seed: int,
    temperature: float,
    labels: np.ndarray | None,
) -> np.ndarray:
    """`count` draws of z, `(count, *latent_shape)`, float32.

    labels: the class of each, in a run with a condition.

    Raises `UserError` for a temperature that the sampler can't draw at, `PluginError` if what it
    gives is no z.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise UserError(f"{option_text('temperature')} is {temperature}; take more than 0.")
    if temperature != 1.0 and not sampler.has_temperature:
        raise UserError(
            f"The sampler {part.name!r} has no temperature: leave out {option_text('temperature')}."
        )
    z: Any = sampler.sample(count, seed, temperature, labels if sampler.conditional else None)
    z = np.asarray(z, "float32")
    if z.shape != (count, *vae.latent_shape) or not np.isfinite(z).all():
        raise PluginError(
            f"The sampler {part.name!r} gave z of shape {z.shape} where "
            f"{(count, *vae.latent_shape)} is needed, or values that aren't finite."
        )
    return z


def weights_digest(vae: VAE) -> str:
    """The SHA-256 of a model's weights; the states of random generators are none of them."""
    digest = hashlib.sha256()
    for _, value in snapshot(vae.variables):
        if value.dtype.kind == "f":
            digest.update(value.tobytes())
    return digest.hexdigest()


def _fit_text(directory: RunDirectory, component: Component) -> str:
    run, name = str(directory.path), component.name
    return worded(f"vaekit fit-sampler {run} {name}", f"run.fit_sampler({name!r})")
