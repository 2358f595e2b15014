"""Training: one trainer for every combination of parts."""

from vaekit.trainer.follower import follow
from vaekit.trainer.named import resolve_named
from vaekit.trainer.opening import open_session, reopen_session
from vaekit.trainer.replay import Replay, replay_step
from vaekit.trainer.session import Session

__all__ = [
    "Replay",
    "Session",
    "follow",
    "open_session",
    "reopen_session",
    "replay_step",
    "resolve_named",
]
