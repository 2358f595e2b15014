"""The estimator."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from vaekit.errors import OptionError
from vaekit.sklearn.kept_run import KeptRun, discarding, new_folder, temporary_folder
from vaekit.sklearn.samples import flattened, form_of, refuse_other_form
from vaekit.sklearn.scaling import Rule, learn_scaling
from vaekit.sklearn.training import training_options

if TYPE_CHECKING:
    from vaekit.run import Run

# Parameters that aren't options of a training run.
_OWN = {"image_shape", "scaling", "out", "random_state", "verbose"}
_SEEDS = 2**31


class VAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator):
    """A variational autoencoder of vaekit's parts as a transformer and a density.

    `transform` gives the code of each sample, of the default latent the mean of q(z|x).

    X is images `(n, height, width[, channels])`, or samples `(n, D)`: images with their pixels in
    a row if `image_shape` says so, a table else. A table is trained by dense layers unless parts
    are named, and is an image of one row of pixels to them. scikit-learn's own tools, pipelines and
    searches among them, take `(n, D)` alone.

    Parameters that are None are left to the kit, as `vaekit train` leaves what isn't named: see
    `vaekit.TrainConfig`.

    encoder, decoder, latent, prior, loss, sampler: names of parts. With a sampler, `sample` draws z
        by it; without one, from the prior.
    encoder_opt, ...: their options, a dictionary each.
    latent_dim: the length of z.
    epochs, patience, batch_size, learning_rate, recipe, augment: of the training.
    validation_split: the share of X that is held out: it isn't trained on, and `patience` goes by
        it.
    image_shape: `(height, width)` or `(height, width, channels)` of images in rows.
    scaling: how values become pixels in [0, 1]. "pixels": by what is white in data of X's type, as
        everywhere in vaekit; "range": from the least to the greatest value of X; "features": of
        each feature apart. "auto" is "pixels" for uint8, bool and values within [0, 1]; for others
        it is "range" of images and "features" of a table. It is learnt in `fit`, and nothing is
        clipped after.
    out: a folder in which each `fit` leaves its run, in a folder of its own. None: runs are in
        temporary folders, which go with their estimators.
    random_state: decides weights, order and noise; an int is the run's seed.
    verbose: whether to print how training goes.

    After `fit` there are `run_` (the `vaekit.Run`), `image_shape_` and `scaling_`. A fitted
    estimator is copied and pickled by its run's files.

    Errors are `vaekit.UserError`, or scikit-learn's of an X that isn't numbers `(n, D)`.
    """

    def __init__(
        self,
        *,
        encoder: str | None = None,
        decoder: str | None = None,
        latent: str | None = None,
        prior: str | None = None,
        loss: str | None = None,
        sampler: str | None = None,
        encoder_opt: dict[str, Any] | None = None,
        decoder_opt: dict[str, Any] | None = None,
        latent_opt: dict[str, Any] | None = None,
        prior_opt: dict[str, Any] | None = None,
        loss_opt: dict[str, Any] | None = None,
        sampler_opt: dict[str, Any] | None = None,
        latent_dim: int = 2,
        epochs: int | str | None = None,
        patience: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        recipe: str | None = None,
        augment: str | None = None,
        validation_split: float = 0.1,
        image_shape: tuple[int, ...] | None = None,
        scaling: Rule = "auto",
        out: str | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.encoder = encoder
        self.decoder = decoder
        self.latent = latent
        self.prior = prior
        self.loss = loss
        self.sampler = sampler
        self.encoder_opt = encoder_opt
        self.decoder_opt = decoder_opt
        self.latent_opt = latent_opt
        self.prior_opt = prior_opt
        self.loss_opt = loss_opt
        self.sampler_opt = sampler_opt
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.recipe = recipe
        self.augment = augment
        self.validation_split = validation_split
        self.image_shape = image_shape
        self.scaling = scaling
        self.out = out
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X; y is there for pipelines, and isn't looked at.

        Raises `vaekit.UserError` for what can't be trained as asked.
        """
        from vaekit.api import train
        from vaekit.types import Dataset, Images

        flat = self._flat(X, reset=True)
        form = form_of(X, flat, self.image_shape)
        scaling = learn_scaling(flat, self.scaling, table=form.table)
        options = training_options(
            {name: value for name, value in self.get_params().items() if name not in _OWN},
            len(flat),
            _seed(self.random_state),
            table=form.table,
        )
        data = Dataset(
            "X",
            Images(form.images(scaling.pixels(flat))),
            stored=scaling.stored,
            scale=scaling.scale,
        )
        folder = temporary_folder() if self.out is None else new_folder(self.out)
        with discarding(folder, self.out is None):
            run = train(data=data, out=folder, progress=bool(self.verbose), **options)
            if run.record.stopped_by is not None:
                raise KeyboardInterrupt(run.record.stopped_by)
        self._kept = KeptRun(run, temporary=self.out is None)
        self._form = form
        self.scaling_ = scaling
        self.image_shape_ = form.image_shape
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The code of each sample, float32 `(n, z)`: of the default latent the mean of q(z|x)."""
        z = self._fitted_run.latents(self._images(X))
        return z.reshape(len(z), -1)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Samples of codes `(n, z)`, laid out and in the units as X was in `fit`."""
        run = self._fitted_run
        z = check_array(X, dtype=np.float32, input_name="X")
        if z.shape[1] != run.latent_dim:
            raise ValueError(f"X has {z.shape[1]} features, and codes have {run.latent_dim}.")
        return self._samples(run.decode(z.reshape(len(z), *run.latent_shape)))

    def score_samples(self, X: Any) -> np.ndarray:
        """The ELBO of each sample in nats, `(n,)`: a lower bound of its log-likelihood.

        That is of log p(x) of pixels, scaled as they were in `fit`, under the loss's likelihood. It
        is estimated by a draw of z, which is the same for equal samples whatever else X holds;
        samples are taken one by one for that.

        Raises `vaekit.OptionError` where there is none: a latent without a density, or a loss
        without a likelihood.
        """
        pixels = self._images(X).pixels
        scores = self._kept.scores(pixels)
        if "elbo" not in scores:
            raise OptionError("The latent has no density or the loss no likelihood: no ELBO.")
        return scores["elbo"]

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`; y isn't looked at."""
        return float(np.mean(self.score_samples(X)))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """New samples, laid out and in the units as X was in `fit`.

        random_state: None is the estimator's own.
        """
        run = self._fitted_run
        state = self.random_state if random_state is None else random_state
        return self._samples(run.sample(n_samples, seed=_seed(state)))

    @property
    def run_(self) -> Run:
        """The run: `vaekit.Run`."""
        return self._fitted_run

    @property
    def _fitted_run(self) -> Run:
        check_is_fitted(self)
        return self._kept.run

    @property
    def _n_features_out(self) -> int:
        return self._fitted_run.latent_dim

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_kept")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _flat(self, X: Any, *, reset: bool) -> np.ndarray:
        return validate_data(
            self,
            flattened(X),
            reset=reset,
            dtype="numeric",
            ensure_min_samples=2 if reset else 1,  # one to train on, one to hold out
        )

    def _images(self, X: Any) -> Any:
        """X as the run takes it."""
        from vaekit.types import Images

        check_is_fitted(self)
        refuse_other_form(X, self._form)
        return Images(self._form.images(self.scaling_.pixels(self._flat(X, reset=False))))

    def _samples(self, images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1)
        return self._form.samples(self.scaling_.values(flat))


def _seed(random_state: Any) -> int:
    """A run's seed: an int itself, else a draw of the state."""
    if isinstance(random_state, Integral):
        return int(random_state) % _SEEDS
    return int(check_random_state(random_state).randint(_SEEDS - 1))
