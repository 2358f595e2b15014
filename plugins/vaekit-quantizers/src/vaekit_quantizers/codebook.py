"""Code vectors that follow the averages of what was nearest to them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from vaekit.stock_layers import fixed_dense

# Keeps the vector of a code that nothing is near from being divided by 0.
_SMOOTHING = 1e-5


class Codebook:
    """K vectors of `dim` values, moved by exponential averages and never by a gradient.

    A code's `size` N and `total` m are averages over steps of how many vectors were nearest to it
    and of their sum; the code is m / N: van den Oord et al., arXiv:1711.00937, appendix A.1. N
    starts where a code that nothing is near to dies at the first step, and so begins in the data.

    decay: how much of an average is kept in a step.
    restart: a code whose N falls below this is set to a vector of the batch, with N = 1 and m to
        match.
    """

    def __init__(self, codes: int, dim: int, decay: float, restart: float) -> None:
        self.codes, self.dim = codes, dim
        self.decay, self.restart = decay, restart
        self.size = keras.Variable("ones", shape=(codes,), trainable=False, name="code_size")
        self.total = keras.Variable("zeros", shape=(codes, dim), trainable=False, name="code_total")
        # As layers, which a saved encoder can be made of: 2 z . e - |e|^2, highest where e is
        # nearest; and from a one to the code that it stands for.
        self._score = layers.Dense(codes, trainable=False, name="encoder_code_scores")
        self._lookup = layers.Dense(
            dim,
            use_bias=False,
            trainable=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="encoder_codebook",
        )
        # How many ones are before each: with it, of several the first is told.
        self._earlier = layers.Dense(
            codes, use_bias=False, trainable=False, name="encoder_earlier_hits"
        )
        self._score.build((None, dim))
        self._lookup.build((None, codes))
        self._earlier.build((None, codes))
        self._earlier.kernel.assign(np.triu(np.ones((codes, codes), "float32"), 1))
        start = self.restart or 1.0
        self.size.assign(start * ops.ones((codes,)))
        self.total.assign(start * self.vectors)
        self._assign(self.vectors)

    @property
    def vectors(self) -> Any:
        """The codes, `(K, dim)`."""
        return ops.convert_to_tensor(self._lookup.kernel)

    def nearest(self, z_e: Any) -> Any:
        """A one at the code nearest to each vector `(..., dim)`, and zeros: `(..., K)`."""
        index = ops.argmax(self._score(z_e), axis=-1)
        return self.one_hot(ops.cast(index, "int32"))

    def one_hot(self, index: Any) -> Any:
        """Indices `(...)`, int32, as ones and zeros `(..., K)`."""
        return ops.cast(
            ops.equal(ops.expand_dims(index, -1), np.arange(self.codes, dtype="int32")), "float32"
        )

    def lookup(self, one_hot: Any) -> Any:
        """The codes that ones stand for, `(..., dim)`."""
        return self._lookup(one_hot)

    def nearest_by_layers(self, z_e: Any) -> Any:
        """`nearest` of symbolic `(B, P, dim)` from stock layers alone; the first of equal codes."""
        score = self._score(z_e)
        highest = layers.GlobalMaxPooling1D(data_format="channels_first", keepdims=True)(score)
        hits = _step(layers.Subtract()([score, highest]), 0.0)
        return _step(layers.Subtract()([hits, self._earlier(hits)]), 0.5)

    def index_by_layers(self, one_hot: Any) -> Any:
        """The index of each one, as integers, from symbolic `(B, P, K)`."""
        number = fixed_dense(one_hot, np.arange(self.codes)[:, None], "encoder_code_number")
        edges = (np.arange(1, self.codes) - 0.5).tolist()
        return layers.Discretization(bin_boundaries=edges, name="encoder_code")(number)

    def follow(self, z_e: Any, nearest: Any, seed: Any) -> None:
        """A step's averages, from vectors `(N, dim)` and their `nearest` `(N, K)`.

        seed: a `keras.random.SeedGenerator`, for which vectors the dead codes are set to.
        """
        keep, fresh = self.decay, 1.0 - self.decay
        size = keep * self.size + fresh * ops.sum(nearest, axis=0)
        total = keep * self.total + fresh * ops.matmul(ops.transpose(nearest), z_e)
        dead = ops.cast(size < self.restart, "float32")
        size = (1.0 - dead) * size + dead
        total = (1.0 - dead)[:, None] * total + dead[:, None] * self._some(z_e, seed)
        self.size.assign(size)
        self.total.assign(total)
        count = ops.sum(size)
        smoothed = (size + _SMOOTHING) / (count + self.codes * _SMOOTHING) * count
        self._assign(total / smoothed[:, None])

    def _some(self, z_e: Any, seed: Any) -> Any:
        """K of the vectors, all of them before any comes again."""
        order = ops.argsort(keras.random.uniform(ops.shape(z_e)[:1], seed=seed))
        which = ops.mod(ops.arange(self.codes, dtype="int32"), ops.shape(z_e)[0])
        return ops.take(z_e, ops.take(order, which, axis=0), axis=0)

    def _assign(self, vectors: Any) -> None:
        self._lookup.kernel.assign(vectors)
        self._score.kernel.assign(2.0 * ops.transpose(vectors))
        self._score.bias.assign(-ops.sum(ops.square(vectors), axis=-1))


def _step(values: Any, edge: float) -> Any:
    """1 where a value reaches the edge, else 0."""
    return layers.Rescaling(1.0)(layers.Discretization(bin_boundaries=[edge])(values))
