"""A finished or interrupted run, to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vaekit.config import TrainConfig
from vaekit.data import Scale
from vaekit.diagnosis import Diagnosis
from vaekit.engine import Blueprint, Program, ProgramModel, Scorer, score
from vaekit.errors import RunError, UserError
from vaekit.kernels import ActiveKernels, usable_kernels
from vaekit.model import Built, Part, build_for, decoded_in_tiles, named_parameters, run_model
from vaekit.options import check_options, resolved_options
from vaekit.plugins import discover
from vaekit.run.describe import describe_in_a_line, describe_in_html
from vaekit.run.diagnose import diagnose_history, diagnose_run
from vaekit.run.evaluate import Asked, evaluate
from vaekit.run.latent_lines import Traversal, interpolation, traversal, way_between
from vaekit.run.provenance import explained, warn_of_changes
from vaekit.run.restore import kept_checkpoint, restore_model, restore_program
from vaekit.run.run_images import HeldOut, RunImages
from vaekit.run.samplers import DEFAULT, drawn, fit_sampler, fitted_sampler
from vaekit.run.upper_rooms import calibrate, explore, export, outliers, report, serve
from vaekit.run_directory.directory import RunDirectory
from vaekit.run_directory.record import RunRecord
from vaekit.sampler import Sampler
from vaekit.startup import refuse_fork, with_keras_defaults
from vaekit.types import Dataset, Images, Pixels, as_images


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
        self._html: str | None = None
        self._images = RunImages(record, self.model.image_shape, self.model.condition)

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
        """How many values z has."""
        return self.model.latent_dim

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of z, `(D,)` or `(H', W', D)`."""
        return self.model.latent_shape

    @property
    def point_names(self) -> tuple[str, ...]:
        """What files of latents call the z that stands for an image: of the default, `z_mean`.

        After it, what they call the codes by which it is looked up, where there are some.
        """
        code = self.model.latent.code_name
        return (self.model.point_name,) if code is None else (self.model.point_name, code)

    @property
    def code_shape(self) -> tuple[int, ...] | None:
        """The shape of an image's codes, whole numbers; None where the latent has none."""
        return self.model.code_shape

    @property
    def takes_labels(self) -> bool:
        """Whether the run has a condition, and goes by the class of an image."""
        return self.model.condition is not None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images."""
        return self.model.image_shape

    @property
    def encoder(self) -> keras.Model:
        """Images `(B, H, W, C)` in [0, 1] -> z: a draw when called, the point under `predict`.

        Of the default, the point is the mean, and the layers `encoder_mu` and
        `encoder_log_variance` are the posterior. With a condition, this and the other models take
        `[values, labels]`, labels being `(B, 1)`, int32.
        """
        return self.model.encoder

    @property
    def decoder(self) -> keras.Model:
        """Z `(B, *latent_shape)` -> images, as means."""
        return self.model.decoder

    @property
    def vae(self) -> keras.Model:
        """Images -> images, through the encoder's z."""
        return self.model.autoencoder

    @property
    def history(self) -> list[dict[str, float]]:
        """One dict an epoch: loss terms, `elbo`, `kl_dim_0`..., and `val_` twins."""
        return self.directory.read_history()

    def __repr__(self) -> str:
        return describe_in_a_line(self)

    def _repr_html_(self) -> str:
        """What a notebook shows of a run: the same as long as it is the same object."""
        if self._html is None:
            self._html = describe_in_html(self)
        return self._html

    @cached_property
    def _kernels(self) -> ActiveKernels:
        """Those that the run was trained by: one that fails is left out from then on."""
        stock = self.config.kernels == "stock"
        return ActiveKernels(() if stock else usable_kernels(keras.backend.backend()))

    def encode(self, images: Any, labels: Any = None) -> Any:
        """What the latent tells of each image, by name: of the default, `z_mean` and `z_log_var`.

        A named tuple of NumPy arrays, `(N, ...)` each; of the default a `vaekit.Posterior`.

        images: `(N, H, W, C)` or `(N, H, W)`, any number of them. Those of the type that the run
            was trained on are scaled as it was; others by their type's range, floats in [0, 1].
            Or `vaekit.Images`, as `dataset` and `held_out` give them.
        labels: the class of each, `(N,)`, in a run with a condition; `vaekit.Images` bring theirs.

        Raises `DataError` for values beyond that, and for labels that lack or are no class.
        """
        return self.posterior(self._images.taken(images, labels))

    def prepared(self, images: Any, labels: Any = None) -> Images:
        """Images as the run's models take them, with their labels: checked, scaled, binarized.

        It is what `encode`, `latents` and `score` do first; what is prepared stays as it is.

        images, labels, errors: as for `encode`; labels are not held against the run's classes.
        """
        return self._images.taken(images, labels)

    @with_keras_defaults
    def posterior(self, images: Images | Pixels) -> Any:
        """`encode` for images as a `Dataset` holds them, taken as they are."""
        images = as_images(images)
        outputs = run_model(
            self.model.posterior, images.pixels, self._images.classes_of(images), self._kernels
        )
        return named_parameters(self.model.posterior_names, outputs)

    def encoded(self, images: Images) -> dict[str, np.ndarray]:
        """`posterior` of images by name and, where it doesn't tell the point, the point as `z`.

        Codes tell it, which are decoded as it is.
        """
        columns: dict[str, np.ndarray] = self.posterior(images)._asdict()
        if self.model.point_name not in columns and self.model.latent.code_name is None:
            columns[self.model.point_name] = self.latents(images)
        return columns

    @with_keras_defaults
    def latents(self, images: Any, labels: Any = None) -> np.ndarray:
        """The z that stands for each image, `(N, *latent_shape)`: of the default, `z_mean`.

        images, labels: as for `encode`.
        """
        taken = self._images.taken(images, labels)
        classes = self._images.classes_of(taken)
        (z,) = run_model(self.model.point, taken.pixels, classes, self._kernels)
        return z

    @with_keras_defaults
    def decode(self, z: Any, labels: Any = None, *, tile: int | None = None) -> np.ndarray:
        """Images `(N, H, W, C)`, float32, of latents `(N, *latent_shape)`.

        z: whole numbers `(N, *code_shape)` are codes, as `encode` gives them.
        labels: the class of each, `(N,)`, in a run with a condition.
        tile: decode maps in tiles of so many places a side: the same images up to rounding, with
            the memory of one tile.

        Raises `UserError` for latents of another shape, and for tiles where z is no map or the
        decoder looks farther than a tile.
        """
        z, shape = np.asarray(z), self.model.latent_shape
        if z.dtype.kind in "iu" and z.shape[1:] == self.code_shape:
            z = self.model.latent.looked_up(z)
        z = z.astype("float32")
        if z.ndim != 1 + len(shape) or z.shape[1:] != shape:
            wanted = ", ".join(map(str, ("N", *shape)))
            raise UserError(f"Latents of this run have shape ({wanted}), not {z.shape}.")
        if tile is not None:
            return decoded_in_tiles(self.model.decoder, z, tile)
        classes = self._images.classes(labels, len(z))
        (images,) = run_model(self.model.decoder, z, classes, self._kernels)
        return images

    def reconstruct(self, images: Any, labels: Any = None) -> np.ndarray:
        """Images decoded from the z that stands for each, `(N, H, W, C)`, float32."""
        taken = self._images.taken(images, labels)
        return self.decode(self.latents(taken), taken.labels)

    @with_keras_defaults
    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        labels: Any = None,
        sampler: str | None = None,
        temperature: float = 1.0,
    ) -> np.ndarray:
        """`count` images decoded from z that a sampler draws.

        labels: the class of each, `(count,)`, in a run with a condition; None takes the classes in
            turn.
        sampler: the name of a fitted one, or `prior`; None is `sampler_name`.
        temperature: of the draws, as far as the sampler has one: scales standard deviations, or
            divides logits.

        Raises `UserError` where nothing can be drawn so, `RunError` for a sampler that isn't fitted
        on the run's weights.
        """
        if count < 1:
            raise UserError(f"Can't draw {count} samples; ask for at least 1.")
        condition = self.model.condition
        if condition is not None and labels is None:
            labels = np.arange(count) % condition.classes
        classes = self._images.classes(labels, count)
        part, fitted = self.sampler(sampler)
        z = drawn(self.model, part, fitted, count, seed, temperature, classes)
        return self.decode(z, classes)

    @property
    def sampler_name(self) -> str:
        """What samples are drawn by if no sampler is named: the one that the run was trained with.

        `prior` if there is none.
        """
        part = self.record.parts.get("sampler")
        return DEFAULT if part is None else part.name

    def sampler(self, name: str | None = None) -> tuple[Part, Sampler]:
        """A sampler as it was fitted, and which part it is; None is `sampler_name`.

        Raises as `sample` does.
        """
        latent = self.record.parts["latent"].name
        name = name or self.sampler_name
        return fitted_sampler(self.directory, self.model, name, latent, discover().registry)

    @with_keras_defaults
    def fit_sampler(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        data: Any = None,
        skip_bad: bool = False,
        progress: bool = False,
    ) -> Path:
        """Fit a sampler on the codes of the training images, and save it in the run; give its file.

        One of the same name is replaced once the new one is fitted.

        options: the sampler's; those left out are at their defaults.
        data: a data source or arrays; needed for a run that was trained on an array.
        skip_bad, progress: as for `vaekit.load_data`.

        Raises `UserError` for a sampler that doesn't serve the run's latent or has nothing to fit.
        """
        refuse_fork()
        component = discover().registry.get("sampler", name)
        checked = check_options(component, options or {})
        part = Part(component, resolved_options(component, checked))
        sampler: Sampler = build_for(self.model, part, self.record.parts["latent"].name)
        if not sampler.fitted:
            raise UserError(f"The sampler {component.name!r} has nothing to fit: it is ready.")
        images = self._images.training(data, skip_bad=skip_bad, progress=progress)
        images = images._replace(labels=self._images.classes_of(images))
        return fit_sampler(self.directory, self.model, part, sampler, images, self.config.seed)

    def interpolate(
        self, images: Any, labels: Any = None, *, steps: int = 10, way: str | None = None
    ) -> np.ndarray:
        """Images on the way in z from each image to the next, `(N - 1, steps, H, W, C)`.

        Both ends are reconstructions. With a condition, all of a way is of the class of its start.

        way: `linear` or `spherical`, for z of real values; None is that of the latent's own
            geometry.

        Raises `UserError` for fewer than two images or steps, or a way that isn't the latent's.
        """
        taken = self._images.taken(images, labels)
        between = way_between(self.model.latent, way)
        return interpolation(self.decode, between, self.latents(taken), taken.labels, steps)

    @with_keras_defaults
    def show(self, name: str | None = None, data: Any = None, **options: Any) -> Any:
        """A picture of the run: a matplotlib `Figure`, or of `walk` a film; notebooks show either.

        name: `latent`, `reconstructions`, `samples`, `manifold`, `traversal`, `interpolations`,
            `curves` or `walk`, or the beginning of one; None chooses what shows most of the run.
        data: where its images come from, as for `held_out`; None is the run's own.
        options: the picture's, such as `steps=40` of `manifold`. `docs/figures.md` lists them.

        Raises `UnknownNameError` for a name or an option that there isn't, `UserError` with the
        reason for a picture that this run can't have.
        """
        from vaekit.figures import default_picture, draw_picture, picture_named

        name = name or default_picture(self)
        if data is not None:
            picture_named(name).refuse_data()

        def images(count: int) -> Images:
            return self.held_out(data, count).images

        return draw_picture(self, name, images, **options)

    def traverse(
        self,
        image: Any = None,
        *,
        latents: int = 10,
        steps: int = 7,
        span: float = 3.0,
        label: int | None = None,
    ) -> Traversal:
        """Move one latent after the other, those with the largest KL first.

        image: one image to start from, `(1, H, W, C)`, as for `encode`; None starts from 0, the
            mean of N(0, I).
        latents: how many to move at most. steps: images of each, from -`span` to `span`, in
            standard deviations of N(0, I).
        label: the class of all images, in a run with a condition; an image that is labelled, as
            `dataset` gives it, brings its own.

        Raises `RunError` for a run that has ended no epoch, which is where the KL is from,
        `UserError` where the latent isn't a vector of single values with a KL each.
        """
        epoch = self.record.kept_epoch
        if not epoch:
            raise RunError(f"{self.path} has ended no epoch, so it has no KL to sort latents by.")
        row = self.history[epoch - 1]
        kl = [row[f"val_kl_dim_{n}"] for n in range(self.latent_dim) if f"val_kl_dim_{n}" in row]
        if len(kl) != self.latent_dim or len(self.model.latent_shape) > 1:
            raise UserError(
                f"The latent {self.record.parts['latent'].name!r} of {self.path} is no vector of "
                "values with a KL each, so none can be moved alone."
            )
        start = np.zeros((1, self.latent_dim), "float32")
        labels = None if label is None else np.array([label])
        if image is not None:
            taken = self._images.taken(image, labels)
            if len(taken.pixels) != 1:
                raise UserError(f"A traversal starts from one image, not from {len(taken.pixels)}.")
            start, labels = self.latents(taken), taken.labels
        return traversal(
            lambda z: self.decode(z, None if labels is None else np.repeat(labels, len(z))),
            start[0],
            np.array(kl),
            latents=latents,
            steps=steps,
            span=span,
        )

    @with_keras_defaults
    def score(self, images: Any, labels: Any = None) -> dict[str, np.ndarray]:
        """Each image's loss terms, `elbo`, `kl`, `mse` and `psnr`, `(N,)` each, float32.

        images, labels: as for `encode`. Of the images that `evaluate` takes, the means are what it
        gives, but for `psnr`, which it takes of the mean error.
        """
        refuse_fork()
        return score(self._program(), self._images.taken(images, labels))

    @with_keras_defaults
    def scorer(self, most: int) -> Callable[[Images], dict[str, np.ndarray]]:
        """`score` for one who asks often, of few images: what is compiled serves all calls.

        What it gives takes images as `prepared` gives them, up to `most`, and gives what `score`
        does. It may be called by one thread at a time, and is of the weights that the run has now.
        """
        refuse_fork()
        return with_keras_defaults(Scorer(self._program(), most).score)

    def trained_model(self) -> ProgramModel:
        """The model at rest, as metrics see it (`vaekit.TrainedModel`), but that it draws none."""
        return ProgramModel(self._program(), None, None)

    @with_keras_defaults
    def evaluate(
        self,
        data: Any = None,
        *,
        limit: int | None = None,
        metrics: str | Sequence[str] = (),
        metric_options: Mapping[str, Any] | None = None,
        against: Any = None,
        seed: int = 0,
        skip_bad: bool = False,
        progress: bool = False,
    ) -> dict[str, Any]:
        """Loss terms, `elbo`, `mse`, `psnr`, `kl`, `kl_dim` and `active_units` over images.

        With metrics comes `metrics`: of each by its name its figures, of each figure the fields of
        `vaekit.Estimate`.

        data: a data source or arrays; None is what the run was trained on. The images taken are
            the source's test set; where it has none, the run's validation share if these are the
            run's own data, else all of them. `split` in the result says which.
        limit: only the first so many of them, and of those of `against`.
        metrics: names of metrics to measure by. metric_options: the options of each, by its name:
            `{"nll": {"samples": 500}}`.
        against: another source or arrays, for metrics that hold images against those of `data`.
        seed: of what metrics draw.
        skip_bad, progress: as for `vaekit.load_data`.

        Raises `UserError` for a metric that can't measure this run or these images, before
        anything is computed.
        """
        refuse_fork()
        asked = Asked(metrics, metric_options or {}, against, seed)
        return evaluate(
            self,
            self._program,
            self._images,
            asked,
            data,
            limit,
            skip_bad=skip_bad,
            progress=progress,
        )

    @with_keras_defaults
    def diagnose(self, data: Any = None) -> Diagnosis:
        """What is wrong with the run, what shows it, and the training that cures it.

        It goes by the history, by what the parts declare, and by a look at the model and up to
        1,000 held-out images. data: needed only for a run that was trained on an array: the same.

        Raises `RunError` for a run that has ended no epoch.
        """
        refuse_fork()
        if not self.record.kept_epoch:
            raise RunError(f"{self.path} has ended no epoch, so there is nothing to go by.")
        return diagnose_run(
            self, self._blueprint.parts, self._built, self._program, self._images, data
        )

    def diagnose_history(self) -> Diagnosis:
        """`diagnose` without a look at images and model: in no time, and it finds less."""
        return diagnose_history(
            self.directory, self.record, self.history, self._blueprint.parts, self._built
        )

    def classes_of(self, images: Images) -> np.ndarray | None:
        """The class of each image as the models take it, `(N,)`, int32; None without a condition.

        Raises `DataError` where a label lacks, or is no class of the run's.
        """
        return self._images.classes_of(images)

    def dataset(
        self, data: Any = None, *, skip_bad: bool = False, progress: bool = False
    ) -> Dataset:
        """A data source read as the run's own was; None is the run's own.

        skip_bad: go on without files that can't be read, also where the run's own reading didn't.
        progress: as for `vaekit.load_data`.

        Raises `DataError` if its images have another shape than the run's.
        """
        return self._images.dataset(data, skip_bad=skip_bad, progress=progress)

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
        return self._images.held_out(data, limit, skip_bad=skip_bad, progress=progress)

    def _program(self) -> Program:
        """The program of the checkpoint that the run's models are of."""
        # The run's steps, since schedules go by them, and an adversary's weights.
        with explained(self.record, discover().registry):
            checkpoint = kept_checkpoint(self.directory, self.record)
            program, _ = restore_program(self._blueprint, checkpoint, self._built)
        return program

    @property
    def scale(self) -> Scale:
        """Which value of each type of the run's own images is white: later images have the same."""
        return self._images.scale

    # What opens rooms above this one.
    calibrate = calibrate
    outliers = outliers
    report = report
    export = export
    explore = explore
    serve = serve


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
