"""The dataset `old-dataset` for vaekit.

The factory is registered as text, so that finding this plugin imports no Keras.
"""

import vaekit

VAEKIT_API_VERSION = 1


@vaekit.hookimpl
def register_datasets(register: vaekit.Register) -> None:
    """Offer the dataset."""
    register(
        "old-dataset",
        "old_dataset.dataset:dataset",
        summary="720 drawn discs, squares and crosses, 16x16, grey.",
    )
