"""Uninstalls every distribution of this folder, so that the kit is alone again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

folders = sorted(folder.name for folder in Path(__file__).parent.glob("vaekit-*"))
subprocess.run([sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes", *folders], check=True)
