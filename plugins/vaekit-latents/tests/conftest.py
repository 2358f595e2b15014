"""Where this distribution isn't installed, its tests take it from the folder beside them."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import vaekit

try:
    distribution("vaekit-latents")
except PackageNotFoundError:
    source = Path(__file__).parents[1] / "src"
    sys.path.insert(0, str(source))
    vaekit.load_plugin(source / "vaekit_latents" / "__init__.py")
