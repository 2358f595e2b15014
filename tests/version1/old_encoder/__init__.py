"""The encoder `old-encoder` for vaekit.

The factory is registered as text, so that finding this plugin imports no Keras.
"""

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_encoders(register: vaekit.Register) -> None:
    """Offer the encoder."""
    register(
        "old-encoder",
        "old_encoder.encoder:encoder",
        summary="Two strided convolutions.",
    )
