"""Muon for nets with convolutions."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import keras
from keras import ops

from vaekit.types import Tensor

# Of the momentum of matrices, and of Adam's two moments for the rest.
_MOMENTUM = 0.95
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7
# The quintic of Jordan et al., steepest at 0, and how often it is applied.
_QUINTIC = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
# Of an update's entries, root mean square: about that of Adam's (Liu et al.).
_UPDATE_SIZE = 0.2


class Slots:
    """Which of its variables an optimizer's `update_step` is about.

    On TensorFlow, Keras hands it the `tf.Variable` that a variable holds, else the variable. They
    are not held here, since an optimizer takes all variables among its attributes for its own.
    """

    def __init__(self, variables: Sequence[keras.Variable]) -> None:
        on_tensorflow = keras.backend.backend() == "tensorflow"
        handed = [variable.value if on_tensorflow else variable for variable in variables]
        self._slots = {id(variable): slot for slot, variable in enumerate(handed)}

    def of(self, variable: Any) -> int:
        """The variable's place in the order in which the optimizer was built."""
        return self._slots[id(variable)]


class Muon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Moves kernels of hidden layers along orthogonal matrices, and the rest by Adam.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024): a kernel's
    momentum, as a matrix, is replaced by about the nearest one with orthogonal rows or columns.
    Its size is that of Liu et al. (arXiv:2502.16982, section 2.2), so that Adam's rates serve. What
    has no such matrix goes by Adam: biases, norms, kernels of a single channel, and dense ones at
    the latents. So does what is no kernel of a hidden layer, whatever its shape.

    Keras's own Muon takes dense kernels only, and which ones is no public choice of its users.

    latent_dim: dense kernels from or to no more units than this are taken for those at the latents.
    by_adam: paths of variables that go by Adam, too. options: those of every Keras optimizer.
    """

    def __init__(
        self, learning_rate: Any, *, latent_dim: int, by_adam: Collection[str] = (), **options: Any
    ) -> None:
        super().__init__(learning_rate, **options)
        self._latent_dim = latent_dim
        self._by_adam = frozenset(by_adam)
        self._adam_rates: dict[str, Any] | None = None

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Make each variable's momentum, and Adam's second moment where Adam moves it."""
        if self.built:
            return
        super().build(variables)
        self._slots = Slots(variables)
        self._momenta: list[Any] = []
        self._velocities: list[Any] = []
        for variable in variables:
            momentum = self.add_variable_from_reference(variable, name="momentum")
            velocity = None
            if not self._has_matrix(variable):
                velocity = self.add_variable_from_reference(variable, name="velocity")
            self._momenta.append(momentum)
            self._velocities.append(velocity)

    def apply(self, grads: Sequence[Tensor], trainable_variables: Any = None) -> None:
        """As Keras's; Adam's step size is computed once a step instead of for each variable."""
        self._adam_rates = {}
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._adam_rates = None  # it belongs to the graph that is traced

    def update_step(
        self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor
    ) -> None:
        slot = self._slots.of(variable)
        momentum, velocity = self._momenta[slot], self._velocities[slot]
        if velocity is None:
            self._move_by_matrix(gradient, variable, learning_rate, momentum)
        else:
            self._move_by_adam(gradient, variable, learning_rate, momentum, velocity)

    def get_config(self) -> dict[str, Any]:
        own = {"latent_dim": self._latent_dim, "by_adam": sorted(self._by_adam)}
        return {**super().get_config(), **own}

    def _has_matrix(self, variable: keras.Variable) -> bool:
        if len(variable.shape) < 2 or "embedding" in variable.path.lower():
            return False
        if variable.path in self._by_adam:
            return False
        fewest = self._latent_dim if len(variable.shape) == 2 else 1
        return bool(min(variable.shape[-2:]) > fewest)

    def _move_by_matrix(self, gradient: Any, variable: Any, rate: Any, momentum: Any) -> None:
        self.assign_add(momentum, gradient + momentum * (_MOMENTUM - 1))
        ahead = _matrix(gradient + _MOMENTUM * momentum)  # Nesterov's
        # By way of the kernel's shape: so TensorFlow rounds as it does in Keras's own Muon.
        update = _matrix(rate * ops.reshape(_orthogonal(ahead), variable.shape))
        update = update * math.sqrt(max(ahead.shape)) * _UPDATE_SIZE
        self.assign_sub(variable, ops.reshape(update, variable.shape))

    def _move_by_adam(
        self, gradient: Any, variable: Any, rate: Any, momentum: Any, velocity: Any
    ) -> None:
        rate = self._adam_rate(rate, keras.backend.standardize_dtype(variable.dtype))
        gradient = ops.cast(gradient, variable.dtype)
        self.assign_add(momentum, (gradient - momentum) * (1 - _BETA_1))
        self.assign_add(velocity, (ops.square(gradient) - velocity) * (1 - _BETA_2))
        self.assign_sub(variable, momentum * rate / (ops.sqrt(velocity) + _EPSILON))

    def _adam_rate(self, rate: Any, dtype: str) -> Any:
        """The rate, corrected for moments that begin at zero: `alpha_t` of arXiv:1412.6980."""
        rates = {} if self._adam_rates is None else self._adam_rates
        if dtype not in rates:
            step = ops.cast(self.iterations + 1, dtype)
            beta_1_power, beta_2_power = (
                ops.power(ops.cast(beta, dtype), step) for beta in (_BETA_1, _BETA_2)
            )
            rates[dtype] = ops.cast(rate, dtype) * ops.sqrt(1 - beta_2_power) / (1 - beta_1_power)
        return rates[dtype]


def _matrix(kernel: Tensor) -> Tensor:
    """A kernel as a matrix with a column for each of its last axis.

    Those are a convolution's outputs `(..., inputs, outputs)`, and a transposed one's inputs
    `(..., outputs, inputs)`: so one is the other's transpose, as the operations are.
    """
    return ops.reshape(kernel, (math.prod(kernel.shape[:-1]), kernel.shape[-1]))


def _orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix whose shorter side is orthogonal, by Newton-Schulz iterations.

    Its singular values are within some 0.3 of 1.
    """
    rows, columns = matrix.shape
    x = ops.transpose(matrix, (1, 0)) if rows > columns else matrix
    x = x / (ops.norm(x, axis=(-2, -1), keepdims=True) + 1e-7)  # no singular value is above 1
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        square = ops.matmul(x, ops.transpose(x, (1, 0)))
        x = a * x + ops.matmul(b * square + ops.matmul(c * square, square), x)
    return ops.transpose(x, (1, 0)) if rows > columns else x
