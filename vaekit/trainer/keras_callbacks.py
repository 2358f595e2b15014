"""Keras's callbacks, served with the model, the epochs and the batches that they expect."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from vaekit.checkpoint import State, snapshot
from vaekit.config import TrainConfig
from vaekit.errors import UserError
from vaekit.model import VAE
from vaekit.recipes import RECIPES, TUTORIAL
from vaekit.trainer.callback_state import restore
from vaekit.wording import option_text

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class KerasCallbacks:
    """The user's callbacks around one run.

    Their `model` maps images to images and shares its weights and optimizer with what is trained:
    saving it, stopping it or setting its learning rate does what it does under `fit`.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        vae: VAE,
        optimizer: keras.optimizers.Optimizer,
        *,
        epochs: int,
        steps: int,
    ) -> None:
        self.user_callbacks = list(callbacks)
        self._vae = vae
        self._trained = list(vae.trainable_variables)
        auto = vae.autoencoder
        self._model = keras.Model(auto.input, auto.output, name="VAE")
        self._model.compile(optimizer=optimizer)
        self._model.stop_training = False
        self.list = keras.callbacks.CallbackList(
            self.user_callbacks, model=self._model, epochs=epochs, steps=steps, verbose=0
        )
        self.want_batches = want_batches(self.user_callbacks)

    @property
    def stopped(self) -> bool:
        """Whether a callback asked to stop."""
        return bool(self._model.stop_training)

    def restore(self, state: State) -> list[str]:
        """Let callbacks remember what they did when `state` was saved; the missing ones' names."""
        return restore(self.user_callbacks, state.callbacks, state.callback_arrays)

    def train_begin(self) -> None:
        """Training begins.

        Raises `UserError` for a callback that puts back a state or an epoch, which is what
        `vaekit resume` is for, or that freezes weights.
        """
        before = snapshot(self._trained)
        self.list.on_train_begin()
        restored = getattr(self._model, "_initial_epoch", 0) or any(
            not np.array_equal(value, variable.numpy())
            for (_, value), variable in zip(before, self._trained, strict=True)
        )
        if restored:
            raise UserError(_RESTORES.format(f"{self._names} sets"))
        self._refuse_frozen()

    def epoch_begin(self, epoch: int) -> None:
        """An epoch begins; they count from 0.

        Raises `UserError` if a callback has frozen weights, or set some free.
        """
        self.list.on_epoch_begin(epoch)
        self._refuse_frozen()

    @property
    def _names(self) -> str:
        names = [type(callback).__name__ for callback in self.list.callbacks]
        return f"The callback {names[0]}" if len(names) == 1 else f"One of {', '.join(names)}"

    def _refuse_frozen(self) -> None:
        """The steps are compiled by now, for the weights that were to be trained."""
        present = [id(variable) for variable in self._vae.trainable_variables]
        if present != [id(variable) for variable in self._trained]:
            raise UserError(
                f"{self._names} changed which layers are trainable, after the training steps were "
                "compiled. Set `trainable` in the factory of the encoder or decoder."
            )

    def epoch_end(self, epoch: int, row: Mapping[str, float]) -> None:
        """Hand out an epoch's results; epochs count from 0."""
        # Keras passes the epoch apart, and file name patterns break on a second one.
        self.list.on_epoch_end(epoch, {k: v for k, v in row.items() if k != "epoch"})


def want_batches(callbacks: Sequence[keras.callbacks.Callback]) -> bool:
    """Whether any of the callbacks is to be told of every batch."""
    return any(_own(callback, hook) for callback in callbacks for hook in _BATCH_HOOKS)


def _own(callback: keras.callbacks.Callback, hook: str) -> bool:
    """Whether a callback has a hook of its own, of its class or set on it alone."""
    # A function set on one callback, as `LambdaCallback` does, is bound to nothing.
    function = getattr(getattr(callback, hook), "__func__", None)
    return function is not getattr(keras.callbacks.Callback, hook)


_RESTORES = (
    "{} the weights or the epoch to another run's, while the record says that this run began by "
    "its seed. Leave it out: a run that stopped goes on by vaekit.resume, or vaekit "
    "resume RUN, from the checkpoints that every run takes."
)
# What a callback of Keras's imports when it has its first results.
_IMPORTED_LATE = {
    keras.callbacks.RemoteMonitor: "requests",
    keras.callbacks.TensorBoard: "tensorboard",
}


def refuse_callbacks(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Raise `UserError` for a callback of Keras's that can't do here what it does under `fit`."""
    for callback in keras.tree.flatten(list(callbacks)):
        name = type(callback).__name__
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise UserError(_RESTORES.format(f"The callback {name} would set"))
        for kind, module in _IMPORTED_LATE.items():
            if isinstance(callback, kind) and importlib.util.find_spec(module) is None:
                raise UserError(
                    f"The callback {name} needs {module}, which is not installed: pip install "
                    f"{module}, or leave the callback out."
                )
    _refuse_rates(config, callbacks)


def _refuse_rates(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Raise `UserError` for a callback that sets the rate where the recipe does."""
    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    if RECIPES[config.recipe].warmup is None:
        return
    for callback in callbacks:
        if isinstance(callback, setters):
            raise UserError(
                f"{type(callback).__name__} sets the learning rate, and so does "
                f"{option_text('recipe', config.recipe)}. Leave the callback out, or train by "
                f"{option_text('recipe', TUTORIAL)}."
            )
