"""A finished or interrupted run, to work with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.checkpoint import latest_checkpoint, load_checkpoint
from vaekit.config import TrainConfig
from vaekit.data import (
    as_dataset,
    as_pixels,
    data_budget,
    fingerprint,
    load_data,
    recorded_scale,
    split,
    take,
)
from vaekit.engine import Evaluation, Program
from vaekit.errors import DataError, UserError
from vaekit.model import VAE, Parts, build_vae, in_chunks
from vaekit.optimizer import build_optimizer
from vaekit.plugins import discover
from vaekit.run.directory import RunDirectory
from vaekit.run.provenance import explained, own_data, parts_of, warn_of_changes
from vaekit.types import Dataset, Images, Pixels, Posterior


class Run:
    """A trained VAE with its record; `vaekit.load` and `vaekit.train` make one."""

    def __init__(self, directory: RunDirectory, record: dict[str, Any], model: VAE, parts: Parts):
        self.directory = directory
        self.record = record
        self.model = model
        self._parts = parts

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @property
    def config(self) -> TrainConfig:
        """What was asked for."""
        return TrainConfig.checked(self.record["config"])

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

        Raises `DataError` for values beyond that.
        """
        return self.posterior(self._pixels(images))

    def posterior(self, pixels: Pixels) -> Posterior:
        """`encode` for pixels as a `Dataset` holds them, taken as they are."""
        outputs = list(in_chunks(self.model.posterior, pixels))
        return Posterior(*(np.concatenate(part) for part in zip(*outputs, strict=True)))

    def decode(self, z: Any) -> np.ndarray:
        """Images `(N, H, W, C)`, float32, of latents `(N, latent_dim)`."""
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.model.latent_dim:
            raise UserError(
                f"Latents of this run have shape (N, {self.model.latent_dim}), not {z.shape}."
            )
        return np.concatenate([out for (out,) in in_chunks(self.model.decoder, z)])

    def reconstruct(self, images: Any) -> np.ndarray:
        """Images decoded from the posterior's mean, `(N, H, W, C)`, float32."""
        return self.decode(self.encode(images).z_mean)

    def sample(self, count: int, *, seed: int = 0) -> np.ndarray:
        """`count` images decoded from draws of the prior N(0, I)."""
        if count < 1:
            raise UserError(f"Can't draw {count} samples; ask for at least 1.")
        draws = np.random.default_rng(seed).standard_normal((count, self.model.latent_dim))
        return self.decode(draws)

    def evaluate(self, data: Any = None, *, limit: int | None = None) -> dict[str, Any]:
        """Loss terms, `elbo`, `mse`, `psnr`, `kl`, `kl_dim` and `active_units` over images.

        data: a data source or arrays; None is what the run was trained on. The images taken are
        the source's test set; where it has none, the run's validation share if these are the
        run's own data, else all of them. `split` in the result says which.
        """
        images, name, source = self.held_out(data, limit)
        loss, needs = self._parts.build_loss()
        trained_on = self.record["data"]["training_images"]
        program = Program(
            self.model,
            loss,
            needs,
            # The run's own, since schedules go by its steps.
            build_optimizer(self.config, trained_on),
            seed=self.config.seed,
            loss_name=self.config.loss,
            dataset_size=trained_on,
        )
        # The run's steps, and an adversary's weights.
        with explained(self.record, discover().registry):
            load_checkpoint(latest_checkpoint(self.directory.checkpoints), program.state)
        summary = Evaluation(program, images.pixels)()
        return {"data": source, "split": name, "images": len(images.pixels), **summary}

    def dataset(self, data: Any = None) -> Dataset:
        """A data source read as the run's own was; None is the run's own.

        Raises `DataError` if its images have another shape than the run's.
        """
        if data is None:
            data = own_data(self.record, discover().registry)
            if data is None:
                raise UserError("The run was trained on an array: say which data to use.")
        config, scale = self.config, recorded_scale(self.record["data"])
        dataset = (
            load_data(
                data,
                image_size=config.image_size,
                gray=config.gray,
                budget=data_budget(config.data_budget),
                scale=scale,
            )
            if isinstance(data, str | Path)
            else as_dataset(data, scale=scale)
        )
        self._check_shape(dataset.train.pixels)
        return dataset

    def held_out(self, data: Any, limit: int | None) -> tuple[Images, str, str]:
        """The images that `evaluate` takes, which split they are, and of which source."""
        dataset = self.dataset(data)
        config = self.config
        if dataset.test is not None:
            images, name = dataset.test, "test"
        elif fingerprint(dataset) == self.record["data"]["fingerprint"]:
            _, images = split(dataset, share=config.validation_split, seed=config.seed)
            name = "validation"
        else:
            images, name = dataset.train, "all"
        if limit is not None:
            images = take(images, slice(limit))
        return images, name, dataset.source

    def _pixels(self, images: Any) -> Pixels:
        pixels = as_pixels(images, recorded_scale(self.record["data"]))
        self._check_shape(pixels)
        return pixels

    def _check_shape(self, pixels: Pixels) -> None:
        shape = self.model.image_shape
        if not len(pixels) or pixels.shape[1:] != shape:
            raise DataError(
                f"The run works on {'x'.join(map(str, shape))} images, and these have the shape "
                f"{pixels.shape}. Give images of the run's shape."
            )


def read_run(path: str | Path) -> Run:
    """Read a run directory back: its parts from the registry, its weights from its checkpoint.

    Raises `RunError` if there is no run, or a part of it is not installed.
    """
    directory = RunDirectory(path)
    record = directory.read_record()
    registry = discover().registry
    with explained(record, registry):
        parts = parts_of(record, registry)
        _, needs = parts.build_loss()
        config = TrainConfig.checked(record["config"])
        model = build_vae(
            parts,
            tuple(record["image_shape"]),
            latent_dim=config.latent_dim,
            scale=needs.scale,
            seed=config.seed,
            precision=config.precision,
        )
        load_checkpoint(latest_checkpoint(directory.checkpoints), model.variables)
    warn_of_changes(record, registry)
    return Run(directory, record, model, parts)
