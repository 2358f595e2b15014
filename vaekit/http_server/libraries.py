"""The libraries that something is served with, which not every installation has."""

from __future__ import annotations

import importlib.util

from vaekit.errors import UserError
from vaekit.wording import install_text


def require_libraries(what: str, extra: str, *names: str) -> None:
    """Raise `UserError` if one of the libraries isn't installed.

    what: what needs them, the beginning of a sentence. extra: that of vaekit which brings them.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(
                f"{what} needs {name}, which is not installed: {install_text(f'vaekit[{extra}]')}."
            )
