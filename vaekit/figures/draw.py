"""The pictures that a run has when it is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from vaekit.data import take
from vaekit.errors import UserError
from vaekit.figures.animation import Animation
from vaekit.figures.film import Film, save_picture
from vaekit.figures.manifold import has_manifold
from vaekit.figures.pictures import PICTURES, draw_picture
from vaekit.types import Images

if TYPE_CHECKING:
    from vaekit.run import Run


def draw_figures(
    run: Run, images: Images, note: Callable[[str], None] = lambda text: None
) -> list[Path]:
    """Draw the pictures of a run from its held-out `images` into `figures/`; give their paths.

    `reconstructions.png`, `latent.png` and `samples.png`; `manifold.png` for two latents under
    N(0, I). For a run that ended an epoch `loss.png`, `traversal.png` where there is no manifold
    and, if the config wants it, `training.gif`.

    note: is told what is left out, where the run's latent or prior has no such picture, and why.
    """
    drawn: dict[Path, Figure | Film] = {}
    for name in _names(run, images):
        path = run.directory.figures / PICTURES[name].file
        try:
            drawn[path] = draw_picture(run, name, lambda count: take(images, slice(count)))
        except UserError as error:
            note(f"{path.name} is left out: {error}")
    film = run.directory.figures / "training.gif"
    animated = run.config.gif and bool(run.history)
    written = [*drawn, film] if animated else list(drawn)
    with run.directory.changing(*written):
        for path, picture in drawn.items():
            save_picture(picture, path)
        if animated:
            epoch = run.record.kept_epoch
            epochs = run.config.most_epochs
            animation = Animation(run.directory, run.model, images, epochs=epochs, done=epoch)
            animation.write(film, epoch)
    return written


def _names(run: Run, images: Images) -> list[str]:
    """Which pictures belong to the end of this training."""
    names = ["latent", "samples"]
    if len(images.pixels):
        names.append("reconstructions")
    plane = has_manifold(run.model)
    if plane:
        names.append("manifold")
    if run.history:
        names += ["curves"] if plane else ["curves", "traversal"]
    return names
