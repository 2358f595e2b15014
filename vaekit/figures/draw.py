"""All pictures of a run."""

from __future__ import annotations

from pathlib import Path

from vaekit.figures.animation import Animation
from vaekit.figures.curves import draw_curves
from vaekit.figures.grid import COLUMNS
from vaekit.figures.latent import draw_latent_map
from vaekit.figures.manifold import draw_manifold, draw_samples
from vaekit.figures.reconstructions import draw_reconstructions
from vaekit.figures.style import save_figure
from vaekit.figures.traversal import draw_traversal
from vaekit.run import Run
from vaekit.types import Images


def draw_figures(run: Run, images: Images) -> list[Path]:
    """Draw all pictures of a run from its held-out `images` into `figures/`; give their paths.

    `reconstructions.png`, `latent.png` and `samples.png`; `manifold.png` for two latents. For a run
    that ended an epoch `loss.png`, `traversal.png` for another number of latents and, if the config
    wants it, `training.gif`.
    """
    folder, history = run.directory.figures, run.history
    drawn = {"latent.png": draw_latent_map(run, images), "samples.png": draw_samples(run, 100)}
    if len(images.pixels):
        drawn["reconstructions.png"] = draw_reconstructions(run, images.pixels[:COLUMNS])
    if run.latent_dim == 2:
        drawn["manifold.png"] = draw_manifold(run)
    if history:
        drawn["loss.png"] = draw_curves(history)
        if run.latent_dim != 2:
            drawn["traversal.png"] = draw_traversal(run)
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
            animation = Animation(run.directory, run.model, epochs=epochs, done=epoch)
            animation.write(film, epoch)
    return written
