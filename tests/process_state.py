"""What of this process is everybody's: whoever changes it for a while has to put it back."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import keras
import numpy as np
from keras.src.saving import serialization_lib
from PIL import Image, ImageFile, PngImagePlugin

from vaekit.plugins import discovery

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def process_state() -> dict[str, Any]:
    """Switches, registries, limits, the environment, the folder, handlers: by what they are."""
    environment = dict(os.environ)
    environment.pop("PYTEST_CURRENT_TEST", None)
    return {
        "safe mode": serialization_lib.in_safe_mode(),
        "custom objects": dict(keras.saving.get_custom_objects()),
        "float type": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image format": keras.config.image_data_format(),
        "dtype policy": keras.config.dtype_policy().name,
        "NumPy's errors": np.geterr(),
        "image limits": (
            *(Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
            *(PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY),
        ),
        "environment": environment,
        "folder": os.getcwd(),
        "path": list(sys.path),
        "plugins chosen": discovery._selection,
        "parts registered by a call": dict(discovery._local_parts),
        "signals": [signal.getsignal(number) for number in SIGNALS],
    }
