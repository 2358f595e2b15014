"""The library that the estimator is written for, which not every installation has."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

from vaekit.errors import UserError
from vaekit.wording import install_text

_OLDEST = "1.6"  # `validate_data`, and tags as methods


def require_extra() -> None:
    """Raise `UserError` if scikit-learn isn't installed, or is too old."""
    install = f"{install_text('vaekit[sklearn]')}."
    try:
        installed = version("scikit-learn")
    except PackageNotFoundError:
        raise UserError(
            f"vaekit.sklearn needs scikit-learn, which is not installed: {install}"
        ) from None
    if Version(installed) < Version(_OLDEST):
        raise UserError(
            f"vaekit.sklearn needs scikit-learn {_OLDEST} or later, and {installed} is installed: "
            f"{install}"
        )
