"""The decoder `old-decoder` for vaekit.

The factory is registered as text, so that finding this plugin imports no Keras.
"""

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_decoders(register: vaekit.Register) -> None:
    """Offer the decoder."""
    register(
        "old-decoder",
        "old_decoder.decoder:decoder",
        summary="A dense layer and two transposed convolutions.",
    )
