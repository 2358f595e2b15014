"""A table of code vectors: the nearest is taken."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from vaekit_quantizers.by_layers import FirstHighest
from vaekit_quantizers.gradients import Estimator, straight_through
from vaekit_quantizers.kmeans import k_means
from vaekit_quantizers.quantizer import Quantized, Quantizer, squared_distance
from vaekit_quantizers.usage import one_hot


class Codebook(Quantizer):
    """K vectors of `dim` values.

    name: of its layers in saved models, which add to it.
    commitment: weight of the squared distance of vectors from their codes.
    restart: a code that fewer vectors than this come to in a step, on average, is set to a vector
        of the batch, and what is remembered of it with it; 0 for never.
    kmeans: so many rounds of k-means on the first training batch make the codes; 0: they begin
        as normal draws.
    unit: whether codes and vectors have length 1, so that the nearest is that of the smallest
        angle: Yu et al., arXiv:2110.04627, section 3.2.
    estimator: how a gradient passes from codes to vectors.
    """

    def __init__(
        self,
        codes: int,
        dim: int,
        *,
        name: str = "encoder_code",
        commitment: float = 0.25,
        restart: float = 0.0,
        kmeans: int = 0,
        unit: bool = False,
        estimator: Estimator = straight_through,
    ) -> None:
        self.codes, self.dim, self.sizes = codes, dim, (codes,)
        self.commitment, self.restart, self.kmeans = commitment, restart, kmeans
        self.estimator = estimator
        self._unit = layers.UnitNormalization(name="encoder_unit_vectors") if unit else None
        # As layers, which a saved encoder can be made of: 2 z . e - |e|^2, highest where e is
        # nearest; and from a one to the code that it stands for.
        self._score = layers.Dense(codes, trainable=False, name=f"{name}_scores")
        self._lookup = layers.Dense(
            dim,
            use_bias=False,
            trainable=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
            name=f"{name}_vectors",
        )
        self._first_highest = FirstHighest(codes, f"{name}_ranks")
        self._score.build((None, dim))
        self._lookup.build((None, codes))
        self._started = keras.Variable("zeros", shape=(), trainable=False, name="codes_started")
        self._assign(self.vectors)

    @property
    def vectors(self) -> Any:
        """The codes, `(K, dim)`."""
        return ops.convert_to_tensor(self._lookup.kernel)

    def bounded(self, z_e: Any) -> Any:
        return z_e if self._unit is None else self._unit(z_e)

    def quantize(self, z_e: Any, seed: Any, *, training: bool = False) -> Quantized:
        fixed = ops.stop_gradient(z_e)
        rows = ops.reshape(fixed, (-1, self.dim))
        if training:
            self._begin(rows, seed)
        index = self.nearest(fixed)
        hits = one_hot(index, self.codes)
        codes = ops.stop_gradient(self._lookup(hits))
        terms = {"commitment": self.commitment * squared_distance(z_e, codes)}
        terms |= self._own_terms(fixed, hits)
        if training:
            self._follow(rows, ops.reshape(hits, (-1, self.codes)), seed)
        return Quantized(self.estimator(z_e, codes), ops.expand_dims(index, -1), terms)

    def nearest(self, z_e: Any) -> Any:
        """The index of the code nearest to each vector `(..., dim)`, `(...)`, int32."""
        return ops.cast(ops.argmax(self._score(z_e), axis=-1), "int32")

    def vectors_of(self, index: Any) -> Any:
        return self._lookup(one_hot(ops.squeeze(index, -1), self.codes))

    def by_layers(self, z_e: Any) -> tuple[Any, Any]:
        one, index = self._first_highest(self._score(z_e))
        return self._lookup(one), index

    @property
    @abstractmethod
    def _state(self) -> Sequence[keras.Variable]:
        """What the codes are a function of, but for what a gradient moves."""

    @abstractmethod
    def _state_of(self, means: Any, counts: Any) -> Sequence[Any]:
        """The state in which the codes are `means` `(K, dim)` that `counts` `(K,)` came to."""

    @abstractmethod
    def _refresh(self) -> None:
        """Set the codes to what they are now."""

    @abstractmethod
    def _follow(self, z_e: Any, hits: Any, seed: Any) -> None:
        """A training step, of vectors `(N, dim)` and the ones `(N, K)` of their nearest codes."""

    def _own_terms(self, z_e: Any, hits: Any) -> dict[str, Any]:
        """Terms that move the codes by a gradient."""
        return {}

    def _begin(self, z_e: Any, seed: Any) -> None:
        """Before the first training step's codes are taken, let k-means make them."""
        if not self.kmeans:
            return
        start = self._some(z_e, seed)
        state = ops.cond(
            self._started > 0.0,
            lambda: [ops.copy(variable) for variable in self._state],
            lambda: list(self._state_of(*k_means(z_e, start, self.kmeans))),
        )
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)
        self._started.assign(1.0)
        self._refresh()

    def _dead(self, size: Any) -> Any:
        """1 for each code that is to begin anew, by its average number of vectors, `(K,)`."""
        return ops.cast(size < self.restart, "float32")

    def _some(self, z_e: Any, seed: Any) -> Any:
        """K of the vectors, all of them before any comes again."""
        order = ops.argsort(keras.random.uniform(ops.shape(z_e)[:1], seed=seed))
        which = ops.mod(ops.arange(self.codes, dtype="int32"), ops.shape(z_e)[0])
        return ops.take(z_e, ops.take(order, which, axis=0), axis=0)

    def _assign(self, vectors: Any) -> None:
        vectors = self.bounded(vectors)
        self._lookup.kernel.assign(vectors)
        self._score.kernel.assign(2.0 * ops.transpose(vectors))
        self._score.bias.assign(-ops.sum(ops.square(vectors), axis=-1))
