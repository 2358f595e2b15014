"""A finished or interrupted run, to work with."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.data import (
    DifferingSizesError,
    Scale,
    as_pixels,
    coloured,
    data_budget,
    fingerprint,
    load_data,
    recorded_scale,
    split,
    take,
)
from vaekit.distributions import Posterior
from vaekit.engine import Blueprint, Evaluation, Program, score
from vaekit.errors import DataError, RunError, UserError
from vaekit.model import Built, decode, encode
from vaekit.plugins import discover
from vaekit.run.directory import RunDirectory
from vaekit.run.latent_lines import Traversal, interpolation, traversal
from vaekit.run.provenance import explained, own_data, warn_of_changes
from vaekit.run.record import RunRecord
from vaekit.run.restore import kept_checkpoint, restore_model, restore_program
from vaekit.startup import refuse_fork, with_keras_defaults
from vaekit.types import Dataset, Images, Pixels


class HeldOut(NamedTuple):
    """Images that a run is judged on.

    split: which they are of their source: `test`, `validation` (the share of its images that the
    run didn't train on), or `all`. classes: names of their labels, None where there are none.
    """

    images: Images
    split: str
    source: str
    classes: tuple[str, ...] | None


class Run:
    """A trained VAE with its record; `vaekit.load` and `vaekit.train` make one."""

    def __init__(
        self, directory: RunDirectory, record: RunRecord, blueprint: Blueprint, built: Built
    ) -> None:
        self.directory = directory
        self.record = record
        self.model = built.vae
        self._blueprint = blueprint
        self._built = built

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @property
    def config(self) -> TrainConfig:
        """What was asked for."""
        return self.record.config

    @property
    def latent_dim(self) -> int:
        """The length of z."""
        return self.model.latent_dim

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images."""
        return self.model.image_shape

    @property
    def encoder(self) -> keras.Model:
        """Images `(B, H, W, C)` in [0, 1] -> z: a draw when called, the mean under `predict`.

        Its layers `encoder_mu` and `encoder_log_variance` are the posterior.
        """
        return self.model.encoder

    @property
    def decoder(self) -> keras.Model:
        """Z `(B, latent_dim)` -> images, as means."""
        return self.model.decoder

    @property
    def vae(self) -> keras.Model:
        """Images -> images, through the encoder's z."""
        return self.model.autoencoder

    @property
    def history(self) -> list[dict[str, float]]:
        """One dict an epoch: loss terms, `elbo`, `kl_dim_0`..., and `val_` twins."""
        return self.directory.read_history()

    def encode(self, images: Any) -> Posterior:
        """q(z|x) of images, as two NumPy arrays `(N, latent_dim)`.

        images: `(N, H, W, C)` or `(N, H, W)`, any number of them. Those of the type that the run
            was trained on are scaled as it was; others by their type's range, floats in [0, 1].
            Or `vaekit.Images`, as `dataset` and `held_out` give them.

        Raises `DataError` for values beyond that.
        """
        return self.posterior(self._pixels(images))

    @with_keras_defaults
    def posterior(self, pixels: Pixels) -> Posterior:
        """`encode` for pixels as a `Dataset` holds them, taken as they are."""
        return encode(self.model.posterior, pixels)

    @with_keras_defaults
    def decode(self, z: Any) -> np.ndarray:
        """Images `(N, H, W, C)`, float32, of latents `(N, latent_dim)`."""
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.model.latent_dim:
            raise UserError(
                f"Latents of this run have shape (N, {self.model.latent_dim}), not {z.shape}."
            )
        return decode(self.model.decoder, z)

    def reconstruct(self, images: Any) -> np.ndarray:
        """Images decoded from the posterior's mean, `(N, H, W, C)`, float32."""
        return self.decode(self.encode(images).z_mean)

    def sample(self, count: int, *, seed: int = 0) -> np.ndarray:
        """`count` images decoded from draws of the prior N(0, I)."""
        if count < 1:
            raise UserError(f"Can't draw {count} samples; ask for at least 1.")
        draws = np.random.default_rng(seed).standard_normal((count, self.model.latent_dim))
        return self.decode(draws)

    def interpolate(self, images: Any, *, steps: int = 10) -> np.ndarray:
        """Images on the straight line in z from each image to the next, `(N - 1, steps, H, W, C)`.

        Both ends are reconstructions. Raises `UserError` for fewer than two images or steps.
        """
        return interpolation(self.decode, self.encode(images).z_mean, steps)

    def traverse(
        self, image: Any = None, *, latents: int = 10, steps: int = 7, span: float = 3.0
    ) -> Traversal:
        """Move one latent after the other, those with the largest KL first.

        image: one image to start from, `(1, H, W, C)`, as for `encode`; None is the prior's mean.
        latents: how many to move at most. steps: images of each, from -`span` to `span`, in
            standard deviations of the prior.

        Raises `RunError` for a run that has ended no epoch, which is where the KL is from.
        """
        epoch = self.record.kept_epoch
        if not epoch:
            raise RunError(f"{self.path} has ended no epoch, so it has no KL to sort latents by.")
        row = self.history[epoch - 1]
        kl = np.array([row[f"val_kl_dim_{n}"] for n in range(self.latent_dim)])
        start = np.zeros(self.latent_dim)
        if image is not None:
            codes = self.encode(image).z_mean
            if len(codes) != 1:
                raise UserError(f"A traversal starts from one image, not from {len(codes)}.")
            start = codes[0]
        return traversal(self.decode, start, kl, latents=latents, steps=steps, span=span)

    @with_keras_defaults
    def score(self, images: Any) -> dict[str, np.ndarray]:
        """Each image's loss terms, `elbo`, `kl`, `mse` and `psnr`, `(N,)` each, float32.

        images: as for `encode`. Of the images that `evaluate` takes, the means are what it gives,
        but for `psnr`, which it takes of the mean error.
        """
        refuse_fork()
        return score(self._program(), self._pixels(images))

    @with_keras_defaults
    def evaluate(
        self,
        data: Any = None,
        *,
        limit: int | None = None,
        skip_bad: bool = False,
        progress: bool = False,
    ) -> dict[str, Any]:
        """Loss terms, `elbo`, `mse`, `psnr`, `kl`, `kl_dim` and `active_units` over images.

        data: a data source or arrays; None is what the run was trained on. The images taken are
        the source's test set; where it has none, the run's validation share if these are the
        run's own data, else all of them. `split` in the result says which.
        skip_bad, progress: as for `vaekit.load_data`.
        """
        refuse_fork()
        images, name, source, _ = self.held_out(data, limit, skip_bad=skip_bad, progress=progress)
        summary = Evaluation(self._program(), images.pixels)()
        return {"data": source, "split": name, "images": len(images.pixels), **summary}

    def dataset(
        self, data: Any = None, *, skip_bad: bool = False, progress: bool = False
    ) -> Dataset:
        """A data source read as the run's own was; None is the run's own.

        skip_bad: go on without files that can't be read, also where the run's own reading didn't.
        progress: as for `vaekit.load_data`.

        Raises `DataError` if its images have another shape than the run's.
        """
        options = None
        if data is None:
            data = own_data(self.record, discover().registry)
            part = self.record.data.part
            options = None if part is None else part.options
            if data is None:
                raise UserError("The run was trained on an array: say which data to use.")
        config = self.config
        try:
            dataset = load_data(
                data,
                image_size=config.image_size,
                resize=config.resize,
                gray=config.gray,
                skip_bad=skip_bad or config.skip_bad,
                budget=data_budget(config.data_budget),
                scale=self.scale,
                options=options,
                progress=progress,
            )
        except DifferingSizesError as error:
            raise DataError(f"The run works on {self._shape_text} images. {error.sizes}") from error
        if isinstance(data, str | PathLike) and self.image_shape[-1] == 3:
            dataset = coloured(dataset)
        self._check_shape(dataset.train.pixels)
        return dataset

    def held_out(
        self,
        data: Any = None,
        limit: int | None = None,
        *,
        skip_bad: bool = False,
        progress: bool = False,
    ) -> HeldOut:
        """The images that `evaluate` takes of a data source; None is the run's own.

        limit: only the first so many. skip_bad, progress: as for `vaekit.load_data`.
        """
        dataset = self.dataset(data, skip_bad=skip_bad, progress=progress)
        config = self.config
        if dataset.test is not None:
            images, name = dataset.test, "test"
        elif fingerprint(dataset) == self.record.data.fingerprint:
            _, images = split(dataset, share=config.validation_split, seed=config.seed)
            name = "validation"
        else:
            images, name = dataset.train, "all"
        if limit is not None:
            images = take(images, slice(limit))
        return HeldOut(images, name, dataset.source, dataset.classes)

    def _program(self) -> Program:
        """The program of the checkpoint that the run's models are of."""
        # The run's steps, since schedules go by them, and an adversary's weights.
        with explained(self.record, discover().registry):
            checkpoint = kept_checkpoint(self.directory, self.record)
            program, _ = restore_program(self._blueprint, checkpoint, self._built)
        return program

    def _pixels(self, images: Any) -> Pixels:
        pixels = images.pixels if isinstance(images, Images) else as_pixels(images, self.scale)
        self._check_shape(pixels)
        return pixels

    @property
    def scale(self) -> Scale:
        """Which value of each type of the run's own images is white: later images have the same."""
        return recorded_scale(self.record.data.scale, self.record.data.type)

    @property
    def _shape_text(self) -> str:
        return "x".join(map(str, self.model.image_shape))

    def _check_shape(self, pixels: Pixels) -> None:
        if not len(pixels) or pixels.shape[1:] != self.model.image_shape:
            raise DataError(
                f"The run works on {self._shape_text} images, and these have the shape "
                f"{pixels.shape}. Give images of the run's shape."
            )


def read_run(path: str | PathLike[str]) -> Run:
    """Read a run directory back: its parts from the registry, its weights from its checkpoint.

    Raises `RunError` if there is no run, or a part of it is not installed.
    """
    directory = RunDirectory(path)
    record, registry = directory.read_record(), discover().registry
    checkpoint = kept_checkpoint(directory, record)
    blueprint, built = restore_model(record, registry, checkpoint)
    warn_of_changes(record, registry)
    return Run(directory, record, blueprint, built)
