"""The kit's own parts, offered through the hooks that any plugin uses."""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2

_HERE = "vaekit.default_plugins"


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    """Offer the kit's encoders."""
    register(
        "conv5",
        f"{_HERE}.conv5:conv5",
        summary="The tutorial's five convolutions.",
    )
    register(
        "residual",
        f"{_HERE}.residual:encoder",
        summary="Residual blocks without normalisation, for colour and larger images.",
    )
    register(
        "mlp",
        f"{_HERE}.mlp:encoder",
        summary="Dense layers of any widths, for small images and tables.",
    )


@vaekit.hookimpl
def register_decoders(register: vaekit.Register) -> None:
    """Offer the kit's decoders."""
    register(
        "deconv4",
        f"{_HERE}.deconv4:deconv4",
        summary="The tutorial's four transposed convolutions.",
    )
    register(
        "residual",
        f"{_HERE}.residual:decoder",
        summary="Residual blocks between interpolated maps, which leave no checkerboard.",
    )
    register(
        "mlp",
        f"{_HERE}.mlp:decoder",
        summary="Dense layers of any widths, for small images and tables.",
    )


@vaekit.hookimpl
def register_latents(register: vaekit.Register) -> None:
    """Offer the kit's latents."""
    register(
        "normal",
        f"{_HERE}.latents.normal:normal",
        summary="Independent normal values, the tutorial's; a vector or a map.",
    )
    register(
        "full-normal",
        f"{_HERE}.latents.full_normal:full_normal",
        summary="Normal values of any covariance.",
    )
    register(
        "deterministic",
        f"{_HERE}.latents.deterministic:deterministic",
        summary="A code without noise: a plain autoencoder.",
    )


@vaekit.hookimpl
def register_priors(register: vaekit.Register) -> None:
    """Offer the kit's priors."""
    register(
        "standard-normal",
        f"{_HERE}.priors.standard_normal:standard_normal",
        summary="N(0, I).",
    )
    register(
        "mixture",
        f"{_HERE}.priors.mixture:mixture",
        summary="A learned mixture of normals.",
    )
    register(
        "vamp",
        f"{_HERE}.priors.vamp:vamp",
        summary="VampPrior: the mixture of the posteriors of learned images.",
    )


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the kit's losses."""
    register(
        "tutorial",
        f"{_HERE}.losses:tutorial",
        summary="1000 x mean squared error + KL.",
    )
    register(
        "elbo",
        f"{_HERE}.losses:elbo",
        summary="Negative ELBO in nats, of any likelihood.",
    )
    register(
        "beta",
        f"{_HERE}.losses:beta",
        summary="beta-VAE: constant, warmed-up or cyclical weight on the KL.",
    )
    register(
        "sigma",
        f"{_HERE}.losses:sigma",
        summary="Negative ELBO in nats, Gaussian of a variance that follows the error.",
    )


@vaekit.hookimpl
def register_samplers(register: vaekit.Register) -> None:
    """Offer the kit's sampler."""
    register(
        "prior",
        f"{_HERE}.samplers.prior:prior",
        summary="Draws of the run's prior.",
    )


@vaekit.hookimpl
def register_metrics(register: vaekit.Register) -> None:
    """Offer the kit's metrics."""
    register(
        "image-error",
        f"{_HERE}.metrics.image_error:image_error",
        summary="MSE and PSNR of reconstructions.",
    )
    register(
        "nll",
        f"{_HERE}.metrics.importance_sampling:nll",
        summary="-log p(x) by importance sampling, and the ELBO.",
    )
    register(
        "ais",
        f"{_HERE}.metrics.annealed_importance_sampling:ais",
        summary="Bounds on log p(x) by annealed importance sampling, from below and above.",
    )
    register(
        "elbo-parts",
        f"{_HERE}.metrics.elbo_parts:elbo_parts",
        summary="Reconstruction, KL by unit, I(x; z), KL of the aggregate posterior.",
    )
    register(
        "active-units",
        f"{_HERE}.metrics.active_units:active_units",
        summary="Values of z whose mean varies with the image.",
    )
    register(
        "code-usage",
        f"{_HERE}.metrics.code_usage:code_usage",
        summary="Codes that are used, and their perplexity.",
    )
    register(
        "prior-hole",
        f"{_HERE}.metrics.prior_hole:prior_hole",
        summary="A two-sample test of the aggregate posterior against the prior.",
    )
    register(
        "amortisation-gap",
        f"{_HERE}.metrics.amortisation_gap:amortisation_gap",
        summary="ELBO that steps on each image's own posterior gain.",
    )


@vaekit.hookimpl
def register_trackers(register: vaekit.Register) -> None:
    """Offer the kit's trackers."""
    register(
        "tensorboard",
        f"{_HERE}.trackers.tensorboard:tensorboard",
        summary="Files for TensorBoard, in the run.",
    )
    register(
        "mlflow",
        f"{_HERE}.trackers.mlflow:mlflow",
        summary="A run of an MLflow experiment.",
    )
    register(
        "wandb",
        f"{_HERE}.trackers.wandb:wandb",
        summary="A Weights & Biases run, offline unless asked for online.",
    )


@vaekit.hookimpl
def register_datasets(register: vaekit.Register) -> None:
    """Offer the kit's data sets."""
    register(
        "mnist",
        f"{_HERE}.datasets:mnist",
        summary="70,000 handwritten digits, 28x28, grey.",
    )
    register(
        "fashion_mnist",
        f"{_HERE}.datasets:fashion_mnist",
        summary="70,000 pieces of clothing, 28x28, grey.",
    )
    register(
        "mnist-sample",
        f"{_HERE}.datasets:mnist_sample",
        summary="7,000 images of MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0); comes with vaekit.",
    )
    register(
        "digits",
        f"{_HERE}.datasets:digits",
        summary="1,797 handwritten digits, 8x8, grey; needs scikit-learn: vaekit[digits].",
    )
    register(
        "shapes",
        f"{_HERE}.shapes:shapes",
        summary="Drawn squares, ellipses and hearts of known factors, 64x64, grey; any number.",
    )
    register(
        "dsprites",
        f"{_HERE}.dsprites:dsprites",
        summary="dSprites: 737,280 squares, ellipses and hearts of known factors, 64x64, grey.",
    )
