"""The pictures of a run, drawn without a display, all in one style."""

from vaekit.figures.animation import Animation
from vaekit.figures.curves import draw_curves
from vaekit.figures.diagnosis import draw_diagnosis
from vaekit.figures.draw import draw_figures
from vaekit.figures.grid import draw_grid
from vaekit.figures.interpolations import draw_interpolations
from vaekit.figures.latent import draw_latent_map
from vaekit.figures.manifold import draw_manifold
from vaekit.figures.reconstructions import draw_reconstructions
from vaekit.figures.samples import draw_samples
from vaekit.figures.style import save_figure
from vaekit.figures.traversal import draw_traversal

__all__ = [
    "Animation",
    "draw_curves",
    "draw_diagnosis",
    "draw_figures",
    "draw_grid",
    "draw_interpolations",
    "draw_latent_map",
    "draw_manifold",
    "draw_reconstructions",
    "draw_samples",
    "draw_traversal",
    "save_figure",
]
