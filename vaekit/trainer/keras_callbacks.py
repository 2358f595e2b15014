"""Keras's callbacks, served with the model, the epochs and the batches that they expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras

from vaekit.checkpoint import State
from vaekit.model import VAE
from vaekit.trainer.callback_state import restore

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
        self.given = list(callbacks)
        auto = vae.autoencoder
        self._model = keras.Model(auto.inputs[0], auto.outputs[0], name="VAE")
        self._model.compile(optimizer=optimizer)
        self._model.stop_training = False
        self.list = keras.callbacks.CallbackList(
            self.given, model=self._model, epochs=epochs, steps=steps, verbose=0
        )
        self.want_batches = want_batches(self.given)

    @property
    def stopped(self) -> bool:
        """Whether a callback asked to stop."""
        return bool(self._model.stop_training)

    def restore(self, state: State) -> list[str]:
        """Let callbacks remember what they did when `state` was saved; the missing ones' names."""
        return restore(self.given, state.callbacks, state.callback_arrays)

    def epoch_end(self, epoch: int, row: Mapping[str, float]) -> None:
        """Hand out an epoch's results; epochs count from 0."""
        # Keras passes the epoch apart, and file name patterns break on a second one.
        self.list.on_epoch_end(epoch, {k: v for k, v in row.items() if k != "epoch"})


def want_batches(callbacks: Sequence[keras.callbacks.Callback]) -> bool:
    """Whether any of the callbacks is to be told of every batch."""
    return any(
        getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
