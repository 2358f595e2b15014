"""The planes in which the latent map shows z: through z itself, or an embedding of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vaekit.figures.latent import principal_components
from vaekit.model import VAE
from vaekit.page import float_text

_ITERATIONS = 500
_FEWEST_NEIGHBOURS = 5  # images, below which t-SNE has nothing to show


class Plane(NamedTuple):
    """Points `(M, 2)` of images, and what their axes are.

    origin, axes: `(D,)` and `(2, D)`, flat z at x and y being origin + x * axes[0] + y * axes[1];
    None where a place in the plane is no z. prior: whether N(0, I) has its 1 and 2 sigma here.
    """

    name: str
    axis_names: tuple[str, str]
    points: np.ndarray
    origin: np.ndarray | None = None
    axes: np.ndarray | None = None
    prior: bool = False

    def as_plain(self) -> dict[str, Any]:
        """What a page's scripts read of it."""
        return {
            "name": self.name,
            "axis_names": list(self.axis_names),
            "points": float_text(self.points),
            "origin": None if self.origin is None else float_text(self.origin),
            "axes": None if self.axes is None else float_text(self.axes),
            "prior": self.prior,
        }


def planes_of(model: VAE, z: np.ndarray, order: np.ndarray) -> list[Plane]:
    """Planes of points `(M, *latent_shape)` by arithmetic: at least one.

    Where z is any real numbers, planes through it: of more than two values the first two principal
    components, then the two values of `order` that come first. Where its latent has coordinates of
    its own, or z can't be anything, a plane of those.
    """
    flat = z.reshape(len(z), -1)
    own = np.asarray(model.latent.coordinates(z), "float64")
    planes = []
    if model.latent.support == "real":
        planes = _through(flat, model.point_name, order, standard=model.has_standard_prior)
    if not np.array_equal(own, flat):
        pooled = "pooled" if z.ndim > 2 else "projected"
        planes.append(_of_coordinates(own, f"{pooled} {model.point_name}"))
    return planes or [_of_coordinates(own, model.point_name)]


def neighbours_plane(z: np.ndarray, seed: int) -> Plane:
    """Points `(M, *latent_shape)` by t-SNE, which keeps neighbours together and no distances.

    van der Maaten and Hinton, "Visualizing Data using t-SNE" (JMLR 2008).

    Raises `ImportError` without scikit-learn.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # which scikit-learn brings

    flat = z.reshape(len(z), -1).astype("float64")
    if flat.shape[1] > 50:
        flat = (flat - flat.mean(axis=0)) @ principal_components(flat, 50)[0].T
    perplexity = min(30.0, (len(flat) - 1) / 3)
    tsne = TSNE(2, init="pca", perplexity=perplexity, random_state=seed, max_iter=_ITERATIONS)
    with threadpool_limits(1):  # on a busy machine threads that wait for each other take minutes
        return Plane("t-SNE", ("t-SNE 1", "t-SNE 2"), tsne.fit_transform(flat))


def has_neighbours(z: np.ndarray) -> bool:
    """Whether there are enough points, of more values than a plane shows, for t-SNE."""
    return len(z) >= _FEWEST_NEIGHBOURS and z[0].size > 2


def _through(flat: np.ndarray, name: str, order: np.ndarray, *, standard: bool) -> list[Plane]:
    """Planes of any real z `(M, D)`."""
    size = flat.shape[1]
    if size == 1:
        places = np.linspace(-1, 1, len(flat))
        points = np.stack([flat[:, 0], places], axis=1)
        axes = np.array([[1.0], [0.0]])
        return [Plane(name, (name, "image, in turn"), points, np.zeros(1), axes)]
    largest = order[:2] if size > 2 else np.arange(2)
    axes = np.eye(size)[largest]
    first, second = (f"{name} {number}" for number in largest)
    rest = flat.mean(axis=0)
    rest[largest] = 0.0
    plain = Plane(
        name if size == 2 else f"{first}, {second}",
        (first, second),
        flat[:, largest],
        rest,
        axes,
        standard,
    )
    return [plain] if size == 2 else [_principal(flat, name, standard=standard), plain]


def _principal(flat: np.ndarray, name: str, *, standard: bool) -> Plane:
    """The first two principal components, not less their mean: the prior stays where it is."""
    axes, shares = principal_components(flat)
    mean = flat.mean(axis=0)
    origin = mean - axes.T @ (axes @ mean)
    names = _component_names(name, shares)
    return Plane("PCA", names, flat @ axes.T, origin, axes, standard)


def _of_coordinates(own: np.ndarray, name: str) -> Plane:
    """Coordinates `(M, N)` from which there is no way back to z."""
    if own.shape[1] == 1:
        own = np.stack([own[:, 0], np.linspace(-1, 1, len(own))], axis=1)
        return Plane(name, (name, "image, in turn"), own)
    if own.shape[1] == 2:
        return Plane(name, (f"{name} 0", f"{name} 1"), own)
    axes, shares = principal_components(own)
    return Plane(f"PCA of {name}", _component_names(name, shares), own @ axes.T)


def _component_names(name: str, shares: np.ndarray) -> tuple[str, str]:
    first, second = (f"component {n} of {name} ({share:.0%})" for n, share in enumerate(shares, 1))
    return first, second
