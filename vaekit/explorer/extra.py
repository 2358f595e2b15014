"""The libraries that the explorer serves with, which not every installation has."""

from __future__ import annotations

import importlib.util

from vaekit.errors import UserError
from vaekit.wording import install_text


def require_extra() -> None:
    """Raise `UserError` if one of the libraries isn't installed."""
    for name in ("starlette", "uvicorn"):
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"The explorer needs {name}, which is not installed: "
                f"{install_text('vaekit[explore]')}."
            )
