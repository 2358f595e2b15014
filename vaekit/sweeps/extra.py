"""The library that sweeps go by, which not every installation has."""

from __future__ import annotations

import importlib.util

from vaekit.errors import UserError
from vaekit.wording import install_text


def require_extra() -> None:
    """Raise `UserError` if it isn't installed."""
    if importlib.util.find_spec("optuna") is None:
        raise UserError(
            f"A sweep needs optuna, which is not installed: {install_text('vaekit[sweep]')}."
        )
