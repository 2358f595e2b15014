"""The loss `old-loss` for vaekit.

The factory is registered as text, so that finding this plugin imports no Keras.
"""

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_losses(register: vaekit.Register) -> None:
    """Offer the loss."""
    register(
        "old-loss",
        "old_loss.loss:loss",
        summary="Negative ELBO with a weight on the KL.",
    )
