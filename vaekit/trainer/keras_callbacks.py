"""Keras's callbacks, served with the model, the epochs and the batches that they expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import keras

from vaekit.checkpoint import State
from vaekit.config import TrainConfig
from vaekit.errors import UserError
from vaekit.model import VAE
from vaekit.recipes import RECIPES, TUTORIAL
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
        self._trained = {weight.path for weight in self._model.trainable_variables}
        self.list = keras.callbacks.CallbackList(
            self.given, model=self._model, epochs=epochs, steps=steps, verbose=0
        )
        self.want_batches = want_batches(self.given)

    def train_begin(self) -> None:
        """Training begins.

        Raises `UserError` where a callback restores the epoch of another training then.
        """
        self.list.on_train_begin()
        if getattr(self._model, "_initial_epoch", 0):
            raise UserError(_restores("A callback"))

    def epoch_begin(self, epoch: int) -> None:
        """An epoch begins; epochs count from 0.

        Raises `UserError` where a callback has frozen layers, or thawed some: the step is built
        for the weights that were trained when the run began.
        """
        self.list.on_epoch_begin(epoch)
        now = {weight.path for weight in self._model.trainable_variables}
        changed = sorted(self._trained ^ now)
        if changed:
            some = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
            raise UserError(
                f"A callback changed which weights are trained ({some}), which a run can't follow. "
                "Freeze layers where the part is built, by layer.trainable = False in its factory."
            )

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
    return any(_own(callback, hook) for callback in callbacks for hook in _BATCH_HOOKS)


def _own(callback: keras.callbacks.Callback, hook: str) -> bool:
    """Whether a callback has a hook of its own, of its class or set on it alone."""
    # A function set on one callback, as `LambdaCallback` does, is bound to nothing.
    function = getattr(getattr(callback, hook), "__func__", None)
    return function is not getattr(keras.callbacks.Callback, hook)


def refuse_callbacks(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Raise `UserError` for callbacks that can't do here what they do under `fit`."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise UserError(_restores(type(callback).__name__))
        if isinstance(callback, keras.callbacks.TensorBoard) and not find_spec("tensorboard"):
            raise UserError(
                f"{type(callback).__name__} needs TensorBoard: pip install tensorboard, or leave "
                "the callback out."
            )
    _refuse_rates(config, callbacks)


def _restores(who: str) -> str:
    return (
        f"{who} restores weights and epochs of another training, and the run's record would not "
        "know. Leave it out: vaekit saves all that going on needs by itself. Go on with a run by "
        "vaekit.resume(path), or train(..., resume=True)."
    )


def _refuse_rates(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Raise `UserError` for a callback that sets the rate where the recipe does."""
    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    if RECIPES[config.recipe].warmup is None:
        return
    for callback in callbacks:
        if isinstance(callback, setters):
            raise UserError(
                f"{type(callback).__name__} sets the learning rate, and so does --recipe "
                f"{config.recipe}. Leave the callback out, or train by --recipe {TUTORIAL}."
            )
