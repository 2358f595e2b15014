"""The page that the explorer serves: the run's report, decoding by this process."""

from __future__ import annotations

from typing import Any

from vaekit.page import render
from vaekit.run import Run


def explorer_page(run: Run, data: Any, *, most: int) -> str:
    """The page of a run, with held-out images of `data`.

    most: how many latents it may ask for at once.
    """
    return render(
        ["vaekit.explorer"], "explore.html", {"explorer": {"most": most}}, name=run.path.name
    )
