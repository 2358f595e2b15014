"""Training: one trainer for every combination of parts."""

from vaekit.trainer.session import Session, open_session, reopen_session

__all__ = ["Session", "open_session", "reopen_session"]
