"""All pictures of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from vaekit.data import take
from vaekit.errors import UserError
from vaekit.figures.animation import Animation
from vaekit.figures.curves import draw_curves
from vaekit.figures.grid import COLUMNS
from vaekit.figures.latent import draw_latent_map
from vaekit.figures.manifold import draw_manifold, has_manifold
from vaekit.figures.reconstructions import draw_reconstructions
from vaekit.figures.samples import draw_samples
from vaekit.figures.style import save_figure
from vaekit.figures.traversal import draw_traversal
from vaekit.run import Run
from vaekit.types import Images


def draw_figures(
    run: Run, images: Images, note: Callable[[str], None] = lambda text: None
) -> list[Path]:
    """Draw all pictures of a run from its held-out `images` into `figures/`; give their paths.

    `reconstructions.png`, `latent.png` and `samples.png`; `manifold.png` for two latents under
    N(0, I). For a run that ended an epoch `loss.png`, `traversal.png` where there is no manifold
    and, if the config wants it, `training.gif`.

    note: is told what is left out, where the run's latent or prior has no such picture, and why.
    """
    folder, history = run.directory.figures, run.history
    label = None if run.model.condition is None else 0
    pictures: dict[str, Callable[[], Figure]] = {
        "latent.png": lambda: draw_latent_map(run, images),
        "samples.png": lambda: draw_samples(run, 100),
    }
    if len(images.pixels):
        first = take(images, slice(COLUMNS))
        pictures["reconstructions.png"] = lambda: draw_reconstructions(run, first)
    if has_manifold(run.model):
        pictures["manifold.png"] = lambda: draw_manifold(run)
    if history:
        pictures["loss.png"] = lambda: draw_curves(history)
        if not has_manifold(run.model):
            pictures["traversal.png"] = lambda: draw_traversal(run, label=label)
    drawn: dict[str, Figure] = {}
    for name, draw in pictures.items():
        try:
            drawn[name] = draw()
        except UserError as error:
            note(f"{name} is left out: {error}")
    paths = [folder / name for name in drawn]
    film = folder / "training.gif"
    animated = run.config.gif and bool(history)
    written = [*paths, film] if animated else paths
    with run.directory.changing(*written):
        for path, figure in zip(paths, drawn.values(), strict=True):
            save_figure(figure, path)
        if animated:
            epoch = run.record.kept_epoch
            epochs = run.config.most_epochs
            animation = Animation(run.directory, run.model, images, epochs=epochs, done=epoch)
            animation.write(film, epoch)
    return written
