"""What every worker but the first does: the same steps, and nothing that is seen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from vaekit.checkpoint import Position
from vaekit.interrupt import Interrupt
from vaekit.trainer.loop import Row
from vaekit.trainer.session import Session


def follow(session: Session) -> None:
    """Train in step with the first worker; its weights are here at the end, no file is written.

    Validation, checkpoints, models and pictures are the first one's, and this one waits meanwhile.
    """
    group = session.group
    start: Mapping[str, Any] = group.from_leader(dict)
    session.position, session.best = Position(*start["position"]), start["best"]
    loop = session.loop()

    def epoch_end(position: Position, row: Row) -> None:
        loop.keeper.after_epoch(position, row)

    with Interrupt() as interrupt, loop.keeper as keeper, closing(loop.train):
        session.position = loop.run(
            session.position,
            interrupt,
            restore=lambda: group.share(session.program.state),
            epoch_end=epoch_end,
        )
        keeper.finish(session.position)
