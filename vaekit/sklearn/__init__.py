"""A VAE as a scikit-learn estimator: in pipelines, searches and cross-validation.

It needs `vaekit[sklearn]`. Importing it imports scikit-learn, and Keras not before the first `fit`.
"""

from vaekit.sklearn.extra import require_extra

require_extra()

from vaekit.sklearn.estimator import VAE  # noqa: E402

__all__ = ["VAE"]
