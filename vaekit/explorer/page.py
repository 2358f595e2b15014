"""The page that the explorer serves: the run's report, decoding by this process."""

from __future__ import annotations

from typing import Any

from vaekit.explorer.dropped import MOST_BYTES
from vaekit.report import gather, report_page
from vaekit.run import Run
from vaekit.run.image_content import refusal_of_image_files


def explorer_page(run: Run, data: Any = None, *, most: int) -> str:
    """The page of a run, with held-out images of `data`, or of the run's own.

    It has what takes no seconds to make: no t-SNE, and a diagnosis by the history alone.

    most: how many latents it may ask for at once.

    Raises `RunError` for a run that another process writes into.
    """
    with run.directory.held():
        contents = gather(run, run.held_out(data), run.diagnose_history(), neighbours=False)
    explorer = {
        "shape": run.image_shape,
        "most": most,
        "most_bytes": MOST_BYTES,
        "refusal": refusal_of_image_files(run),
    }
    return report_page(
        run,
        contents._replace(data={**contents.data, "explorer": explorer}),
        template="explore.html",
        packages=("vaekit.explorer", "vaekit.report"),
    )
