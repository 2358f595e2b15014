"""What latents know of labels.

The factories are registered as text, so that finding this plugin imports no scikit-learn.
"""

from __future__ import annotations

import vaekit

VAEKIT_API_VERSION = 2


@vaekit.hookimpl
def register_metrics(register: vaekit.Register) -> None:
    """Offer the metric."""
    register(
        "label-accuracy",
        "vaekit_latent_metrics.label_accuracy:label_accuracy",
        summary="How well labels are told from z: linearly, and by nearest neighbours.",
    )
