"""The pictures of a run, drawn without a display, all in one style."""

from vaekit.figures.animation import Animation
from vaekit.figures.curves import draw_curves
from vaekit.figures.diagnosis import draw_diagnosis
from vaekit.figures.draw import draw_figures
from vaekit.figures.film import Film, save_picture
from vaekit.figures.grid import draw_grid
from vaekit.figures.interpolations import draw_interpolations
from vaekit.figures.latent import draw_latent_map
from vaekit.figures.manifold import draw_manifold
from vaekit.figures.overview import draw_overview
from vaekit.figures.pictures import PICTURES, default_picture, draw_picture, picture_named
from vaekit.figures.reconstructions import draw_reconstructions
from vaekit.figures.samples import draw_samples
from vaekit.figures.save import save_figure
from vaekit.figures.traversal import draw_traversal
from vaekit.figures.walk import draw_walk

__all__ = [
    "PICTURES",
    "Animation",
    "Film",
    "default_picture",
    "draw_curves",
    "draw_diagnosis",
    "draw_figures",
    "draw_grid",
    "draw_interpolations",
    "draw_latent_map",
    "draw_manifold",
    "draw_overview",
    "draw_picture",
    "draw_reconstructions",
    "draw_samples",
    "draw_traversal",
    "draw_walk",
    "picture_named",
    "save_figure",
    "save_picture",
]
