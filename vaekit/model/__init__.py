"""Putting parts together to a variational autoencoder."""

from vaekit.model.builders import BuiltLoss, Context, Part, build_part
from vaekit.model.chunks import decode, encode
from vaekit.model.loss_variables import (
    LossVariables,
    VariablesUsed,
    refused_creation,
    variables_of,
)
from vaekit.model.parts import Built, Parts, build_vae, resolve_part, resolve_parts
from vaekit.model.process_state import seeded
from vaekit.model.sampling import sampled
from vaekit.model.vae import VAE

__all__ = [
    "VAE",
    "Built",
    "BuiltLoss",
    "Context",
    "LossVariables",
    "Part",
    "Parts",
    "VariablesUsed",
    "build_part",
    "build_vae",
    "decode",
    "encode",
    "refused_creation",
    "resolve_part",
    "resolve_parts",
    "sampled",
    "seeded",
    "variables_of",
]
