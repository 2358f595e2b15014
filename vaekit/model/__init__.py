"""Putting parts together to a variational autoencoder."""

from vaekit.model.asked_parts import resolve_asked
from vaekit.model.builders import NO_CONTEXT, BuiltLoss, Context, Part, build_part
from vaekit.model.chunks import in_chunks, run_model
from vaekit.model.conditions import Condition
from vaekit.model.held_variables import (
    HeldVariables,
    VariablesUsed,
    refused_creation,
    variables_of,
)
from vaekit.model.latent_space import encodings_of, latent_space
from vaekit.model.parameters import named_parameters
from vaekit.model.parts import Built, Parts, build_for, build_vae, resolve_part, resolve_parts
from vaekit.model.prior_model import drawn_from_prior, noise_dim, prior_draws, prior_model
from vaekit.model.process_state import seeded
from vaekit.model.tiles import decoded_in_tiles
from vaekit.model.vae import VAE

__all__ = [
    "NO_CONTEXT",
    "VAE",
    "Built",
    "BuiltLoss",
    "Condition",
    "Context",
    "HeldVariables",
    "Part",
    "Parts",
    "VariablesUsed",
    "build_for",
    "build_part",
    "build_vae",
    "decoded_in_tiles",
    "drawn_from_prior",
    "encodings_of",
    "in_chunks",
    "latent_space",
    "named_parameters",
    "noise_dim",
    "prior_draws",
    "prior_model",
    "refused_creation",
    "resolve_asked",
    "resolve_part",
    "resolve_parts",
    "run_model",
    "seeded",
    "variables_of",
]
