"""Ray, which not every installation has."""

from __future__ import annotations

import importlib.util

from vaekit.errors import UserError
from vaekit.wording import install_text


def require_extra() -> None:
    """Raise `UserError` if Ray Train isn't installed."""
    for name in ("ray", "pyarrow"):  # without the latter, it has no `ray.train`
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"Workers are started by Ray, whose {name} is not installed: "
                f"{install_text('vaekit[ray]')}. Without Ray, torchrun starts them too: "
                "torchrun --nproc-per-node N -m vaekit train ..."
            )
