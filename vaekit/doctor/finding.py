"""What the doctor says of one thing."""

from __future__ import annotations

from typing import Literal, NamedTuple

Status = Literal["ok", "absent", "broken"]


class Finding(NamedTuple):
    """One thing that was looked at.

    area: `machine`, `package`, `backend`, `plugin` or `run`.
    status: `absent` is something optional that isn't installed; `broken` wants mending.
    detail: what was seen.
    remedy: what to do about it; empty where there is nothing to do.
    """

    area: str
    subject: str
    status: Status
    detail: str
    remedy: str = ""
