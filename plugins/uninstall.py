"""Uninstalls every distribution of this folder, so that the kit is alone again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

projects = Path(__file__).parent.glob("vaekit-*/pyproject.toml")
folders = sorted(project.parent.name for project in projects)
subprocess.run([sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes", *folders], check=True)
