"""Every hostile file: importing this fills `cases.CASES`."""

from tests.untrusted import (  # noqa: F401
    archive_cases,
    config_cases,
    data_cases,
    file_cases,
    weight_cases,
)
from tests.untrusted.cases import CASES

__all__ = ["CASES"]
